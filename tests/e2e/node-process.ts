import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

const limitMs = 30_000;

/** A program that runs in a process of its own. Disposing it kills it and what it has started. */
export interface RunningProgram extends AsyncDisposable {
  /** All it has written so far, both streams in the order of arrival. */
  output(): string;
  /** Waits until the output, from an offset on, matches. */
  says(pattern: RegExp, options?: { readonly from?: number }): Promise<RegExpExecArray>;
  /** The address in its `listening on` line. */
  listening(): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** What Ctrl-C does: the signal goes to the program and to all it has started. */
  killGroup(signal: NodeJS.Signals): void;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs what an npm script says, without npm between: signals then reach the program itself. */
export function runScript(script: string, options: ProgramOptions = {}): RunningProgram {
  const [node, ...args] = script.replace(/^exec /, '').split(' ');
  if (node !== 'node') throw new Error(`not a script of one node program: ${script}`);
  return runProgram(process.execPath, args, options);
}

export function runProgram(command: string, args: readonly string[], options: ProgramOptions = {}): RunningProgram {
  const { cwd = root } = options;
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1', ...options.env };
  // A group of its own: a signal to the group must not reach the tests.
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
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
  const killGroup = (signal: NodeJS.Signals): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, signal);
  };
  return {
    output: () => output,
    says,
    listening: async () => (await says(/^listening on (\S+)\n/m))[1] ?? '',
    kill: (signal) => void child.kill(signal),
    killGroup,
    ended,
    [Symbol.asyncDispose]: async () => {
      killGroup('SIGKILL');
      await ended;
    },
  };
}
