// How soon a process or a container answers: the runtime's at levels sandbox and container, and bare ones.
import { createLogger, createRuntime } from '@hotswap/runtime';
import { ContainerEngine } from '@hotswap/sandbox';
import { answerCommands } from '../../child-commands.ts';
import { bareBubblewrap, bareChild, bareContainer, type BareProcess } from '../../peers/bare-processes.ts';

const data = 'a'.repeat(100);
const spareMs = 700;
const podman = ['podman', '--cgroup-manager', 'cgroupfs'];
const engine = new ContainerEngine();

type Runtime = Awaited<ReturnType<typeof start>>;

let runtime: Runtime | undefined;
let startBare: (() => BareProcess) | undefined;

function start(level: 'sandbox' | 'container', spares: number) {
  const log = createLogger({ level: 'silent' });
  return createRuntime({ environment: {}, isolation: level, log, limits: { spares, probationMs: 0 } }).start();
}

export const commands = {
  /** @returns why it cannot be had here; undefined: it can */
  async open({ level, file, spares }: Opening): Promise<string | undefined> {
    try {
      startBare = await bareOf(level, spares);
      runtime = await start(level, spares);
      const { reason } = await runtime.load(file);
      return reason?.message;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  },

  /** @returns milliseconds from the wish for a bare process to its first answer */
  async bare(): Promise<number> {
    return firstAnswerOf(startBare ?? bareChild);
  },

  /** @returns milliseconds of a bare one that was there */
  async bareSpare(): Promise<number> {
    const spare = bareChild();
    await spare.call(data);
    return firstAnswerOf(() => spare);
  },

  /** @returns milliseconds from the verb to the first answer */
  async ours(): Promise<number> {
    if (runtime === undefined) throw new Error('nothing was opened');
    const startedAt = performance.now();
    const { reason } = await runtime.restart('echo', { wait: 'published' });
    if (reason !== undefined) throw new Error(reason.message);
    await runtime.invoke('echo', 'echo', data);
    const ms = performance.now() - startedAt;
    // Until the old one has gone, and the next spare is warm.
    await new Promise((resolve) => setTimeout(resolve, spareMs));
    return ms;
  },

  async close(): Promise<void> {
    await runtime?.close();
    await engine.close();
  },
};

interface Opening {
  readonly level: 'sandbox' | 'container';
  readonly file: string;
  readonly spares: number;
}

export type ProcessStartCommands = typeof commands;

async function bareOf(level: Opening['level'], spares: number): Promise<() => BareProcess> {
  if (spares > 0) return bareChild;
  if (level === 'sandbox') return bareBubblewrap;
  const { digest } = await (await engine.images()).base();
  return () => bareContainer(podman, digest);
}

async function firstAnswerOf(begin: () => BareProcess): Promise<number> {
  const startedAt = performance.now();
  const bare = begin();
  await bare.call(data);
  const ms = performance.now() - startedAt;
  await bare.end();
  return ms;
}

answerCommands(commands);
