import type { SwapReport } from '@hotswap/runtime';
import { exitCodeOfKind, exitSuccess } from '../../exit-codes.ts';
import type { ChangeAnswer, PluginDetails } from '../../client/management-answers.ts';
import type { ManagementClient } from '../../client/management-client.ts';
import { formatDuration } from '../../output/durations.ts';
import { formatReport } from '../../output/report-text.ts';
import type { Call, Paper } from '../../verb.ts';

/** `--watch`: stay until the new generation has kept its place, or lost it. */
export interface WatchOption {
  readonly watch?: boolean;
}

export const watchOption = ['--watch', 'show the steps, and stay until the probation is over'] as const;

/** `--reason TEXT`: kept in the plugin's history. */
export interface ReasonOption {
  readonly reason?: string;
}

export const reasonOption = ['--reason <text>', "why, for the plugin's history"] as const;

/** How the first minutes of a new generation ended; `open`: still going on when the time to wait was over. */
export type Probation = 'kept' | 'rolled-back' | 'open';

/** What a change of one plugin came to. */
export interface ChangeResult {
  readonly plugin: string;
  readonly answer: ChangeAnswer;
  readonly probation?: Probation;
}

export interface ChangeRequest {
  readonly plugin: string;
  /** For the progress line: `swapping`. */
  readonly doing: string;
  /** Follow it, and its probation. */
  readonly isWatched?: boolean | undefined;
  send(client: ManagementClient): Promise<ChangeAnswer>;
}

const pollMs = 200;
const probationLimitMs = 15 * 60_000;

/** Asks for a change and says meanwhile what goes on; a watched one is followed to the end of its probation. */
export async function change(call: Call<object>, request: ChangeRequest): Promise<ChangeResult> {
  const client = await call.connect();
  const { plugin, doing, isWatched } = request;
  call.progress.show(`${doing} ${plugin} ...`);
  const pending = request.send(client);
  if (isWatched) await watchPending(call, pending, () => showState(call, client, request));
  const answer = await pending;
  const result = { plugin, answer };
  const to = answer.report?.to;
  if (!isWatched || to === undefined || answer.report?.outcome !== 'swapped') return result;
  return { ...result, probation: await followProbation(call, { client, plugin, to }) };
}

/** Looks again and again until the change is through; how it ended is for whoever awaits it. */
async function watchPending(call: Call<object>, pending: Promise<unknown>, look: () => Promise<void>): Promise<void> {
  const settled = pending.then(
    () => true,
    () => true,
  );
  while (!(await Promise.race([settled, call.terminal.sleep(pollMs)]))) await look();
}

/** A plugin that cannot be looked at now is no reason to end the change: its own answer tells. */
async function showState(
  call: Call<object>,
  client: ManagementClient,
  { plugin, doing }: ChangeRequest,
): Promise<void> {
  const details = await client.plugin(plugin).catch(() => undefined);
  const generations = details?.generations?.map(({ number, state }) => `${number} ${state}`).join(', ');
  call.progress.show(generations ? `${doing} ${plugin}: generations ${generations}` : `${doing} ${plugin} ...`);
}

interface Watched {
  readonly client: ManagementClient;
  readonly plugin: string;
  readonly to: number;
}

async function followProbation(call: Call<object>, { client, plugin, to }: Watched): Promise<Probation> {
  const { terminal, progress } = call;
  const deadline = terminal.now() + probationLimitMs;
  while (terminal.now() < deadline) {
    const verdict = probationOf(await client.plugin(plugin), to);
    if (verdict !== 'open') return verdict;
    progress.show(`${plugin} is on probation with generation ${to}; the one before it stands by`);
    await terminal.sleep(pollMs * 2);
  }
  return 'open';
}

/** Pure: whether generation `to` still serves, and whether an older one is kept for a way back. */
export function probationOf(details: PluginDetails, to: number): Probation {
  if (typeof details.generation === 'number' && details.generation !== to) return 'rolled-back';
  const isKeptAlive = details.generations?.some(({ number, state }) => number < to && state !== 'stopped');
  return isKeptAlive ? 'open' : 'kept';
}

/** The change in one line, its steps below it. */
export function printChange({ plugin, answer, probation }: ChangeResult, { style }: Paper): string {
  const lines = [answer.report ? formatReport(answer.report, style) : `${style.good(plugin)} ${words(answer)}`];
  if (probation === 'kept') lines.push(`${style.good('kept')} after its probation`);
  if (probation === 'open') lines.push(`still on probation after ${formatDuration(probationLimitMs)}`);
  if (probation === 'rolled-back') lines.push(`${style.bad('rolled back')}: see "hotswap plugin status ${plugin}"`);
  return lines.join('\n');
}

/** 0 for a change that holds; else the code of the reason's kind. */
export function changeExitCode({ answer, probation }: ChangeResult): number {
  if (probation === 'rolled-back') return exitCodeOfKind({ kind: 'plugin-fault' });
  return isRefused(answer.report) ? exitCodeOfKind(answer.report?.reason ?? { kind: 'plugin-fault' }) : exitSuccess;
}

function isRefused(report: SwapReport | undefined): boolean {
  return report?.outcome === 'kept' || report?.outcome === 'failed';
}

function words(answer: ChangeAnswer): string {
  return answer.message ?? answer.status.replaceAll('_', ' ');
}
