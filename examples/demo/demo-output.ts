import { styleText } from 'node:util';
import type { RequestCounts } from './load/load-messages.ts';
import type { ChangeTimes, DemoListener, DemoResult, Played } from './demo.ts';

type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

const barWidth = 24;
const eraseLine = '\r\u001b[2K';
const number = new Intl.NumberFormat('en');

/** Shows the demo while it runs: a line for each scenario, and on a terminal a bar below that keeps moving. */
export function createDemoOutput(stream: Stream): DemoListener & { end(): void } {
  const isLive = stream.isTTY === true;
  let step = { title: '', index: 0, of: 1 };
  let counts: RequestCounts = { sent: 0, answered: 0, errorsOfBadVersion: 0, failed: 0, failures: {} };
  const draw = (): void => {
    if (isLive) stream.write(`${eraseLine}${progressLine(step, counts).slice(0, (stream.columns ?? 80) - 1)}`);
  };
  const print = (line: string): void => void stream.write(`${isLive ? eraseLine : ''}${line}\n`);
  return {
    onStep(next) {
      step = next;
      if (next.index === 0) print(next.title);
      draw();
    },
    onProgress(next) {
      counts = next;
      draw();
    },
    onPlayed(played) {
      print(playedLine(played, stream));
      draw();
    },
    end: () => isLive && stream.write(eraseLine),
  };
}

function progressLine(
  { title, index, of }: { readonly title: string; readonly index: number; readonly of: number },
  { sent, failed }: RequestCounts,
): string {
  const full = Math.round((barWidth * index) / of);
  const bar = '█'.repeat(full) + '░'.repeat(barWidth - full);
  return `${bar} ${number.format(sent)} requests, ${failed} failed  ${title}`;
}

function playedLine({ title, expected, ending, isRight, times, reason }: Played, stream: Stream): string {
  const mark = isRight ? styleText('green', '✔', { stream }) : styleText('red', '✘', { stream });
  const endings = {
    swapped: `swapped${times === undefined ? '' : timesText(times)}`,
    refused: 'refused, the version before goes on',
    returned: 'returned from, the version before serves again',
  };
  const wrong = isRight ? '' : `  (expected: ${expected})`;
  const why = reason === undefined ? '' : `\n    ${styleText('dim', firstLine(reason), { stream })}`;
  return `${mark} ${title}: ${endings[ending]}${wrong}${why}`;
}

function timesText({ untilServing, publish, untilDrained }: ChangeTimes): string {
  const text = (milliseconds: number): string => `${milliseconds.toFixed(milliseconds < 10 ? 2 : 0)} ms`;
  const drained = untilDrained === undefined ? '' : `, old requests done after ${text(untilDrained)}`;
  return `, serves after ${text(untilServing)} (publish ${text(publish)})${drained}`;
}

/** The table at the end. */
export function formatResult({ load, played, isProven }: DemoResult): string {
  const { before, during } = load.latencies;
  const ended = (ending: Played['ending']): number => played.filter((one) => one.ending === ending).length;
  const [swapped, refused, returned] = [ended('swapped'), ended('refused'), ended('returned')];
  const milliseconds = (value: number): string => `${value.toFixed(2)} ms`;
  const rows: readonly (readonly [string, string])[] = [
    ['requests sent', number.format(load.sent)],
    ['answered as they should be', number.format(load.answered)],
    ['errors served by the bad version until it was returned from', number.format(load.errorsOfBadVersion)],
    ['failed (no answer, broken, wrong version, any other error)', number.format(load.failed)],
    ...Object.entries(load.failures).map(([reason, count]) => [`  ${reason}`, number.format(count)] as const),
    ['swaps', String(swapped + returned)],
    [`returns (${refused} refused before they served, ${returned} after)`, String(refused + returned)],
    ['p50 before the first change', milliseconds(before.p50Ms)],
    ['p50 during changes', milliseconds(during.p50Ms)],
    ['p99 before the first change', milliseconds(before.p99Ms)],
    ['p99 during changes', milliseconds(during.p99Ms)],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const valueWidth = Math.max(...rows.map(([, value]) => value.length));
  const rule = '─'.repeat(width + valueWidth + 2);
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value.padStart(valueWidth)}`);
  const verdict = isProven ? 'not one request was lost' : 'NOT PROVEN: see the lines above';
  return [rule, ...lines, rule, verdict].join('\n');
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
