import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

const limitMs = 15_000;

/** A program that runs in a process of its own. Disposing it kills it. */
export interface NodeProcess extends AsyncDisposable {
  /** All it has written so far, both streams in the order of arrival. */
  output(): string;
  /** Waits until the output, from an offset on, matches. */
  says(pattern: RegExp, options?: { readonly from?: number }): Promise<RegExpExecArray>;
  /** The address in its `listening on` line. */
  listening(): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Runs what an npm script says, without npm between: signals then reach the program itself. */
export function runScript(script: string, options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): NodeProcess {
  const [command, ...args] = script.split(' ');
  if (command !== 'node') throw new Error(`not a script of one node program: ${script}`);
  const env = { PATH: process.env['PATH'], NO_COLOR: '1', ...options.env };
  const child = spawn(process.execPath, args, { cwd: options.cwd ?? root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      child.emit('output');
    });
  }
  const ended = once(child, 'close').then(([code, signal]): number | NodeJS.Signals => code ?? signal);

  const says = async (pattern: RegExp, { from = 0 } = {}): Promise<RegExpExecArray> => {
    const signal = AbortSignal.timeout(limitMs);
    for (;;) {
      const match = pattern.exec(output.slice(from));
      if (match !== null) return match;
      const more = once(child, 'output', { signal }).then(
        () => 'said more',
        () => `said for ${limitMs} ms`,
      );
      const event = await Promise.race([more, ended.then((code) => `said until it ended with ${code}`)]);
      if (event === 'said more' || pattern.test(output.slice(from))) continue;
      throw new Error(`${pattern} is not in what it ${event}:\n${output}`);
    }
  };
  return {
    output: () => output,
    says,
    listening: async () => (await says(/^listening on (\S+)\n/m))[1] ?? '',
    kill: (signal) => void child.kill(signal),
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
