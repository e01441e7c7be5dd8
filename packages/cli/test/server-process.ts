import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const limitMs = 15_000;

/** A command line that runs as a process of its own. Disposing it kills it. */
export interface CommandProcess extends AsyncDisposable {
  out(): string;
  err(): string;
  /** Everything on standard output, as soon as it matches. */
  says(pattern: RegExp): Promise<string>;
  /** The address it says it listens on. */
  listening(): Promise<string>;
  /** The exit code; a signal counts as -1. */
  exit(): Promise<number>;
  stop(signal: NodeJS.Signals): Promise<number>;
}

/** @param flags further flags of node */
export function startProcess(cwd: string, args: readonly string[], flags: readonly string[] = []): CommandProcess {
  const env: NodeJS.ProcessEnv = { PATH: process.env['PATH'], NO_COLOR: '1' };
  const child = spawn(process.execPath, ['--conditions=@hotswap/source', ...flags, main, ...args], { cwd, env });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (texts.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (texts.err += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : -1));

  const says = async (pattern: RegExp): Promise<string> => {
    const signal = AbortSignal.timeout(limitMs);
    while (!pattern.test(texts.out)) {
      const more = once(child.stdout, 'data', { signal });
      const isOver = await Promise.race([more.then(() => false), ended.then(() => true)]).catch(() => true);
      if (isOver && !pattern.test(texts.out)) throw new Error(`never said ${pattern}:\n${texts.out}\n${texts.err}`);
    }
    return texts.out;
  };
  const exit = () => Promise.race([ended, once(AbortSignal.timeout(limitMs), 'abort').then(() => NaN)]);
  return {
    out: () => texts.out,
    err: () => texts.err,
    says,
    listening: async () => /^listening on (\S+)$/m.exec(await says(/^listening on \S+\n/m))?.[1] ?? '',
    exit,
    stop: (signal) => {
      child.kill(signal);
      return exit();
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
