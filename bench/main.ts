// Asks the questions of the table one after the other; each row answers in processes of its own.
import { writeFileSync } from 'node:fs';
import { readArguments } from './arguments.ts';
import type { BenchContext, BenchRow } from './bench-row.ts';
import { BenchScope } from './bench-scope.ts';
import { type Entry, type Finding, toEntry } from './measure.ts';
import { availabilitySoak } from './soak/availability-soak.ts';
import { callBasic } from './rows/calls/call-basic.ts';
import { callGrpc } from './rows/calls/call-grpc.ts';
import { callSandbox } from './rows/calls/call-sandbox.ts';
import { callStrict } from './rows/calls/call-strict.ts';
import { devSave } from './rows/dev-save.ts';
import { httpPlugin } from './rows/calls/http-plugin.ts';
import { memory } from './rows/memory.ts';
import { middlewareHop } from './rows/calls/middleware-hop.ts';
import { neighbour } from './rows/neighbour.ts';
import { plugins1000 } from './rows/plugins-1000.ts';
import { reload10k } from './rows/reload-10k.ts';
import { rollback } from './rows/swaps/rollback.ts';
import { stateMigration } from './rows/swaps/state-migration.ts';
import { swapExclusive } from './rows/swaps/swap-exclusive.ts';
import { startCold, startWarm } from './rows/starts/starts.ts';
import { swapOverlap } from './rows/swaps/swap-overlap.ts';
import { telemetryCost } from './rows/calls/telemetry-cost.ts';
import { tableOf } from './table.ts';

/** In the order of the table. */
const rows: readonly BenchRow[] = [
  callBasic,
  callStrict,
  callSandbox,
  callGrpc,
  httpPlugin,
  startWarm,
  startCold,
  swapOverlap,
  swapExclusive,
  rollback,
  stateMigration,
  memory,
  reload10k,
  plugins1000,
  middlewareHop,
  neighbour,
  availabilitySoak,
  devSave,
  telemetryCost,
];

async function main(): Promise<void> {
  const { only, json, isQuick } = readArguments(
    process.argv.slice(2),
    rows.map(({ id }) => id),
  );
  const scope = new BenchScope();
  process.on('exit', () => scope.close());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const entries: Entry[] = [];
  for (const row of rows.filter(({ id }) => only.includes(id))) {
    console.log(`\n${row.id}: ${row.question}\n  goal: ${row.goal}`);
    const startedAt = performance.now();
    const found = (await findingsOf(row, { isQuick, scope, progress })).map((finding) => toEntry(row.id, finding));
    progress('');
    console.log(`${tableOf(found)}\n  (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`);
    entries.push(...found);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(entries, undefined, 2)}\n`);
  }
  const missed = entries.filter(({ ok }) => ok === false);
  if (missed.length > 0) console.log(`\nmissed: ${missed.map((entry) => `${entry.id} (${entry.case})`).join(', ')}`);
}

/** A row that fails is a line of the table, and the others go on. */
async function findingsOf(row: BenchRow, context: BenchContext): Promise<readonly Finding[]> {
  try {
    return await row.run(context);
  } catch (error) {
    process.exitCode = 1;
    const reason = error instanceof Error ? error.message : String(error);
    const goal = { text: row.goal, isMet: () => false };
    return [{ case: 'the whole row', unit: '', values: [], goal, note: reason }];
  }
}

function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
}

await main();
