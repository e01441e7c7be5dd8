// A runtime with a whole folder of plugins.
import { createRuntime, type Runtime } from '@hotswap/runtime';
import { answerCommands } from '../child-commands.ts';
import { quantile } from '../measure.ts';

let runtime: Runtime | undefined;

export const commands = {
  /** @returns how long the start took and how many plugins are active */
  async start({ folder }: { readonly folder: string }): Promise<{ readonly ms: number; readonly active: number }> {
    const startedAt = performance.now();
    runtime = await createRuntime({ plugins: folder, environment: {} }).start();
    const ms = performance.now() - startedAt;
    return { ms, active: runtime.status().plugins.filter(({ state }) => state === 'active').length };
  },

  /** @returns p99 of reading the status of everything, as text that could be sent, in milliseconds */
  statusRead({ times }: { readonly times: number }): number {
    const took: number[] = [];
    for (let index = 0; index < times; index++) {
      const startedAt = performance.now();
      JSON.stringify(runtime?.status());
      took.push(performance.now() - startedAt);
    }
    return quantile(took, 0.99);
  },

  /** @returns share of one core, in per cent, that the process takes while nothing is asked of it */
  async idle({ ms }: { readonly ms: number }): Promise<number> {
    const before = process.cpuUsage();
    const startedAt = performance.now();
    await new Promise((resolve) => setTimeout(resolve, ms));
    const { user, system } = process.cpuUsage(before);
    return ((user + system) / 1_000 / (performance.now() - startedAt)) * 100;
  },
};

export type ManyPluginsCommands = typeof commands;

answerCommands(commands);
