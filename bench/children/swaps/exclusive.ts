// Changing hands under load within one process: a plugin with state, and clients that say how long they had to wait.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createLogger, createRuntime } from '@hotswap/runtime';
import { answerCommands } from '../../child-commands.ts';
import { statefulPlugin } from '../../plugin-texts.ts';

export const commands = {
  /** @returns what the requests that met a hand-over waited, beyond what they take without one, in milliseconds */
  async handOver(asked: {
    readonly folder: string;
    readonly level: 'basic' | 'strict';
    readonly stateBytes: number;
    readonly times: number;
    readonly clients: number;
  }): Promise<{
    readonly waited: number[];
    readonly failed: number;
    readonly parked: number;
    readonly back: number[];
  }> {
    const { folder, level, stateBytes, times, clients } = asked;
    const runtime = await createRuntime({
      environment: {},
      log: createLogger({ level: 'silent' }),
      isolation: level,
      limits: { probationMs: 0 },
    }).start();
    const sources = [1, 2].map((version) => {
      const file = join(folder, String(version), 'counter.js');
      mkdirSync(dirname(file));
      writeFileSync(file, statefulPlugin(version, stateBytes));
      return file;
    });
    const address = 'http://127.0.0.1/count';
    const { plugin } = await runtime.load(sources[0] ?? '');
    const over = new AbortController();
    let during: 'service' | 'swap' | 'return' = 'service';
    let failed = 0;
    const took = { service: [] as number[], swap: [] as number[], return: [] as number[] };
    /** As between two changes of an operator: the next warm thread is there. */
    const warm = async (): Promise<void> => {
      if (level === 'basic') return;
      while (runtime.status().threads.spares === 0) await new Promise(setImmediate);
    };
    const client = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const begunIn = during;
        const startedAt = performance.now();
        const response = await runtime.fetch(new Request(address, { method: 'POST' }));
        await response.text();
        const ms = performance.now() - startedAt;
        if (response.status !== 200) failed++;
        took[begunIn === 'service' ? during : begunIn].push(ms);
        await new Promise(setImmediate);
      }
    };
    const counting = Promise.all(Array.from({ length: clients }, client));
    const back: number[] = [];
    const waited: number[] = [];
    let parked = 0;
    for (let time = 0; time < times; time++) {
      const served = took.service.length;
      while (took.service.length < served + clients * 4) await new Promise(setImmediate);
      took.swap.length = 0;
      await warm();
      during = 'swap';
      const report = await runtime.swap(plugin, sources[1] ?? '');
      await new Promise(setImmediate);
      if (report.outcome !== 'swapped') throw new Error(JSON.stringify(report.reason));
      // Each client met the hand-over once, parked or behind a loop that stood still: the slowest ones are those.
      waited.push(...took.swap.toSorted((a, b) => b - a).slice(0, clients));
      parked += report.parked;
      await warm();
      during = 'return';
      const startedAt = performance.now();
      const returned = await runtime.rollback(plugin, { wait: 'published' });
      back.push(performance.now() - startedAt);
      await new Promise(setImmediate);
      during = 'service';
      if (returned.outcome !== 'swapped') throw new Error(JSON.stringify(returned.reason));
    }
    over.abort();
    await counting;
    await runtime.close();
    const longest = took.service.toSorted((a, b) => a - b)[Math.floor(took.service.length * 0.99)] ?? 0;
    return { waited: waited.map((ms) => Math.max(0, ms - longest)), failed, parked, back };
  },
};

export type ExclusiveCommands = typeof commands;

answerCommands(commands);
