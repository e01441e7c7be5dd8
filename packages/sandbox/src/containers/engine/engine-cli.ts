import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { SandboxError } from '../../errors.ts';

/** What a command of the engine answered. */
export interface EngineAnswer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How one command of the engine is run. */
export interface CommandOptions {
  /** Milliseconds until it is killed; default 30 seconds. */
  readonly limitMs?: number;
  /** What it reads from its standard input. */
  readonly input?: Readable | { readonly file: string };
}

const usualLimitMs = 30_000;

/** The command of an engine with the flags that stand before every verb, such as `podman --cgroup-manager cgroupfs`. */
export class EngineCli {
  readonly command: readonly [string, ...string[]];

  constructor(command: readonly [string, ...string[]]) {
    this.command = command;
  }

  /** Runs a command to its end, whatever its exit code; rejects only when it cannot be started. */
  async run(args: readonly string[], { limitMs = usualLimitMs, input }: CommandOptions = {}): Promise<EngineAnswer> {
    const [file, ...flags] = this.command;
    const child = spawn(file, [...flags, ...args], {
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      timeout: limitMs,
      killSignal: 'SIGKILL',
    });
    const code = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const { stdin, stdout, stderr } = child;
    // A command that stops reading has said why on its stderr.
    const fed = input === undefined || stdin === null ? undefined : feed(input, stdin).catch(() => undefined);
    const [ended, out, errors] = await Promise.all([code, readAll(stdout), readAll(stderr), fed]);
    return { code: ended, stdout: out, stderr: errors };
  }

  /**
   * Runs a command that must succeed, and answers with what it wrote.
   *
   * @throws CONTAINER_ENGINE_FAILED
   */
  async must(args: readonly string[], options?: CommandOptions): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options);
    if (code === 0) return stdout;
    const shown = [...this.command, ...args.slice(0, 2)].join(' ');
    throw new SandboxError('CONTAINER_ENGINE_FAILED', { command: shown, exit: code ?? 'killed', reason: tail(stderr) });
  }
}

/** The end of what a command complained about, on one line. */
export function tail(complaint: string): string {
  return complaint.trim().split('\n').slice(-3).join('; ').slice(-1_000);
}

async function feed(input: Readable | { readonly file: string }, to: NodeJS.WritableStream): Promise<void> {
  await pipeline(input instanceof Readable ? input : createReadStream(input.file), to);
}

async function readAll(stream: Readable | null): Promise<string> {
  return stream === null ? '' : text(stream);
}
