import type { BenchRow } from '../../bench-row.ts';
import { coldProcesses, warmProcesses } from './process-starts.ts';
import { coldThreads, warmThreads } from './thread-starts.ts';

export const startWarm: BenchRow = {
  id: 'start-warm',
  question: 'How soon does a plugin answer when a warm thread, process or container waits for it?',
  goal: 'strict <= 2 ms, sandbox <= 3 ms from the verb to the first answer',
  run: async (context) => [...(await warmThreads(context)), ...(await warmProcesses(context))],
};

export const startCold: BenchRow = {
  id: 'start-cold',
  question: 'How soon does a plugin answer from a thread, process or container that has to be started?',
  goal: '<= 1.25x the bare thing: a worker, Node behind bubblewrap, a container of the same image',
  run: async (context) => [...(await coldThreads(context)), ...(await coldProcesses(context))],
};
