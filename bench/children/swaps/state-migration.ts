// The way of a state from one version of a plugin to the next, beside structuredClone of the same value.
import { createLogger, createRuntime, type InMemoryPlugin } from '@hotswap/runtime';
import { definePlugin } from '@hotswap/sdk';
import { answerCommands } from '../../child-commands.ts';

const limitMs = 300_000;
const runtime = await createRuntime({
  environment: {},
  log: createLogger({ level: 'silent' }),
  limits: { probationMs: 0, loadTimeoutMs: limitMs, parkTimeoutMs: limitMs, snapshotIntervalMs: 0, maxSnapshots: 1 },
}).start();

interface Entry {
  readonly id: number;
  readonly name: string;
  readonly at: number;
  readonly tags: readonly string[];
}

/** What a plugin might hold: many small records, or one block of bytes. */
type Shape = 'records' | 'bytes';

/** About as many bytes as that, once encoded. */
function stateOf(shape: Shape, megabytes: number): unknown {
  if (shape === 'bytes') return new Uint8Array(megabytes * 1_000_000).fill(7);
  // One record was measured to take 77 bytes.
  return Array.from(
    { length: (megabytes * 1_000_000) / 77 },
    (_, id): Entry => ({
      id,
      name: `user-${id % 1_000}@example.com`,
      at: 1_700_000_000_000 + id,
      tags: ['a', 'bc'],
    }),
  );
}

let exportedAt = 0;
let importedAt = 0;

/** Each version renames the field that holds everything; the time of the way is taken at its two ends. */
function version(number: number, initial: unknown): InMemoryPlugin {
  const definition = definePlugin<Readonly<Record<string, unknown>>, Record<string, unknown>>({
    swap: 'exclusive',
    state: {
      version: number,
      migrations: {
        [number]: {
          up: (older: Record<string, unknown>) => ({ [`v${number}`]: older[`v${number - 1}`] }),
          down: (newer: Record<string, unknown>) => ({ [`v${number - 1}`]: newer[`v${number}`] }),
        },
      },
    },
    start(_ctx, state) {
      importedAt = performance.now();
      const held = state?.[`v${number}`] ?? initial;
      return {
        exportState() {
          exportedAt = performance.now();
          return { [`v${number}`]: held };
        },
      };
    },
  });
  return { name: 'keeper', version: `${number}.0.0`, definition: definition as never };
}

export const commands = {
  /** @returns milliseconds of each way and each clone, in turns */
  async migrate({
    shape,
    megabytes,
    rounds,
  }: {
    readonly shape: Shape;
    readonly megabytes: number;
    readonly rounds: number;
  }) {
    const value = stateOf(shape, megabytes);
    await runtime.load(version(1, value));
    const ways: number[] = [];
    const clones: number[] = [];
    for (let round = 0; round < rounds; round++) {
      global.gc?.();
      const startedAt = performance.now();
      structuredClone({ value });
      clones.push(performance.now() - startedAt);
      global.gc?.();
      const report = await runtime.swap('keeper', version(round + 2, undefined));
      if (report.outcome !== 'swapped') throw new Error(JSON.stringify(report.reason));
      ways.push(importedAt - exportedAt);
    }
    await runtime.unload('keeper');
    return { ways, clones };
  },
};

export type StateMigrationCommands = typeof commands;

answerCommands(commands);
