import type { BenchRow } from '../bench-row.ts';
import type { Finding, Goal } from '../measure.ts';
import { runSoak } from './soak.ts';
import type { SoakCounts } from './soak-clients.ts';

const seconds = Number(process.env['HOTSWAP_SOAK_SECONDS'] ?? 600);
const quickSeconds = 10;

const all: Goal = { text: '100 %', isMet: ({ value }) => value === 100 };
const none: Goal = { text: 'none', isMet: ({ value }) => value === 0 };

export const availabilitySoak: BenchRow = {
  id: 'availability-soak',
  question: 'What do healthy plugins feel of others that throw, hang, crash, leak, are unhealthy or do not start?',
  goal: '100 % of the requests of healthy plugins answered, every decision of recovery explained',
  async run({ isQuick, scope, progress }) {
    const folder = scope.makeFolder();
    const span = isQuick ? quickSeconds : seconds;
    const { healthy, faulty, operations, log } = await runSoak({
      folder,
      ms: span * 1_000,
      seed: Date.now() % 100_000,
      progress,
      onChild: (child) => {
        const { pid } = child;
        if (pid === undefined) return;
        scope.addChild(pid);
        child.once('exit', () => scope.forgetChild(pid));
      },
    });
    scope.removeFolder(folder);
    for (const failure of healthy.failures) console.log(`  failed: ${failure}`);
    for (const sentence of log.unexplained) console.log(`  unexplained: ${sentence}`);
    const changes = sumOf(operations);
    const note = `${span} s, ${healthy.requests} requests, ${changes} changes by an operator`;
    return [
      { case: 'healthy plugins', unit: '%', values: [shareOf(healthy)], goal: all, note },
      { case: 'faulty plugins', unit: '%', values: [shareOf(faulty)], note: `${faulty.requests} requests` },
      counted('breakers opened', log.openings),
      ...Object.entries(log.symptoms).map(([symptom, count]) => counted(`began with: ${symptom}`, count)),
      ...Object.entries(log.outcomes).map(([outcome, count]) => counted(`ended: ${outcome}`, count)),
      { ...counted('not explained by the log', log.unexplained.length), goal: none },
    ];
  },
};

function counted(name: string, count: number): Finding {
  return { case: name, unit: 'times', values: [count] };
}

function shareOf({ requests, failed }: SoakCounts): number {
  return (100 * (requests - failed)) / requests;
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
