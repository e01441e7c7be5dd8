// Runs a program from a document as it is written, but on a port of the system's choosing.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface RunningProgram {
  readonly url: string;
  /** Ends it as an operator would, and waits for its end. */
  stop(): Promise<void>;
}

const limitMs = 20_000;
const portHook = join(import.meta.dirname, 'choose-port.ts');

/** Starts `file` in `folder` and waits until it listens. */
export async function startProgram(folder: string, file: string): Promise<RunningProgram> {
  const child = start(folder, file);
  const ended = once(child, 'exit');
  const told: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    told.push(line);
    const port = /^listens on (\d+)$/.exec(line)?.[1];
    if (port === undefined) continue;
    child.stderr.resume();
    return { url: `http://127.0.0.1:${port}`, stop: async () => void (child.kill('SIGTERM'), await ended) };
  }
  throw new Error(`${file} never listened:\n${told.join('\n')}`);
}

/** @returns the exit code; null when it had to be ended */
export async function runToItsEnd(folder: string, file: string): Promise<number | null> {
  const child = start(folder, file);
  child.stderr.pipe(process.stderr);
  await once(child, 'exit');
  return child.exitCode;
}

function start(folder: string, file: string): ChildProcess & { readonly stderr: NodeJS.ReadableStream } {
  const child = spawn(process.execPath, ['--conditions=@hotswap/source', '--import', portHook, file], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  return child;
}

const commandLine = join(import.meta.dirname, '../../packages/cli/src/main.ts');

/** Runs one line of a console block, such as `hotswap plugin pack`. @returns its exit code and all that it said */
export async function runCommand(
  folder: string,
  line: string,
): Promise<{ readonly code: number | null; readonly said: string }> {
  const [program, ...words] = (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", ''));
  if (program !== 'hotswap') throw new Error(`only hotswap is run, not ${program}`);
  const child = spawn(process.execPath, ['--conditions=@hotswap/source', commandLine, ...words], {
    cwd: folder,
    env: { PATH: process.env['PATH'], NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, said };
}
