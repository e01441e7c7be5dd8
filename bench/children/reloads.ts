// One plugin, reloaded again and again, each time with another text.
import { writeFileSync } from 'node:fs';
import { createLogger, createRuntime } from '@hotswap/runtime';
import { answerCommands } from '../child-commands.ts';
import { helloPlugin, withBallast } from '../plugin-texts.ts';

const bytes = 25_000;
let made = 0;
let finalised = 0;
const generations = new FinalizationRegistry<void>(() => void finalised++);

// The plugin reports its own handler here, so that what is counted is the plugin's memory and not the host's books.
Reflect.set(globalThis, Symbol.for('hotswap.bench.started'), (handler: object) => {
  made++;
  generations.register(handler);
});
const report = `globalThis[Symbol.for('hotswap.bench.started')](answer);`;

const runtime = await createRuntime({ environment: {}, log: createLogger({ level: 'silent' }) }).start();

function write(file: string, version: number): void {
  const text = helloPlugin(String(version)).replace('ctx.http.get(', `${report}\n    ctx.http.get(`);
  writeFileSync(file, withBallast(text, bytes, `version ${version}`));
}

export const commands = {
  async load({ file }: { readonly file: string }): Promise<void> {
    write(file, 0);
    await runtime.load(file);
  },

  /** @returns milliseconds of one reload: the median would hide the collector's work */
  async reload({
    file,
    from,
    count,
  }: {
    readonly file: string;
    readonly from: number;
    readonly count: number;
  }): Promise<number> {
    const plugin = runtime.status().plugins[0]?.name ?? '';
    const startedAt = performance.now();
    for (let index = 0; index < count; index++) {
      write(file, from + index);
      const { reason } = await runtime.reload(plugin);
      if (reason !== undefined) throw new Error(reason.message);
    }
    return (performance.now() - startedAt) / count;
  },

  /** The least of four forced collections, and who is left. */
  async settle(): Promise<{ readonly heapBytes: number; readonly alive: number; readonly made: number }> {
    let heapBytes = Infinity;
    for (let round = 0; round < 4; round++) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 50));
      heapBytes = Math.min(heapBytes, process.memoryUsage().heapUsed);
    }
    return { heapBytes, alive: made - finalised, made };
  },
};

export type ReloadCommands = typeof commands;

answerCommands(commands);
