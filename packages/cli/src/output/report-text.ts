import type { WireError } from '@hotswap/protocol';
import type { SwapReport, SwapStep } from '@hotswap/runtime';
import { formatDuration } from './durations.ts';
import type { Style } from './style.ts';
import { formatTable } from './table.ts';

/** What a change came to: one line and its reason, then its steps with their durations. */
export function formatReport(report: SwapReport, style: Style): string {
  const lines = [formatBrief(report, style)];
  if (report.steps.length > 0) lines.push(indent(formatSteps(report.steps, style)));
  const held = [
    report.parked > 0 && `${countOf(report.parked)} parked`,
    report.carried > 0 && `${countOf(report.carried)} carried over`,
    report.cancelled > 0 && `${countOf(report.cancelled)} cancelled`,
    report.lost > 0 && `the writes of ${countOf(report.lost)} lost`,
  ].filter((part) => part !== false);
  if (held.length > 0) lines.push(`  ${held.join(', ')}`);
  return lines.join('\n');
}

/** The line, and below it the reason of one that was refused: for a broken source that is place and code frame. */
export function formatBrief(report: SwapReport, style: Style): string {
  const line = formatOutcome(report, style);
  return report.reason ? `${line}\n${indent(formatReason(report.reason, style))}` : line;
}

/** A reason with its code. One of several lines has the code before it, where it does not get lost. */
export function formatReason({ code, message }: Pick<WireError, 'code' | 'message'>, style: Style): string {
  return message.includes('\n') ? `${style.dim(`${code}:`)} ${message}` : `${message} ${style.dim(`(${code})`)}`;
}

/** The line alone: `greeter: generation 6 -> 7 in 48 ms`. */
function formatOutcome(report: SwapReport, style: Style): string {
  const name = style.bold(report.plugin);
  const took = style.dim(`in ${formatDuration(report.durationMs)}`);
  switch (report.outcome) {
    case 'swapped':
      return `${style.good(doneWord(report))} ${name}: ${generations(report)} ${took}`;
    case 'configured':
      return `${style.good('configured')} ${name} in place ${took}`;
    case 'unloaded':
      return `${style.good(report.operation === 'disable' ? 'disabled' : 'unloaded')} ${name} ${took}`;
    case 'kept':
      return `${style.caution('kept')} ${name}: generation ${report.from ?? '?'} goes on serving, ${report.operation} was refused`;
    case 'failed':
      return `${style.bad('failed')} ${name}: ${report.operation} left nothing that serves`;
  }
}

function doneWord({ operation, from }: SwapReport): string {
  if (from === undefined) return 'loaded';
  if (operation === 'promote') return 'promoted';
  return operation === 'rollback' ? 'rolled back' : 'swapped';
}

function countOf(requests: number): string {
  return requests === 1 ? '1 request' : `${requests} requests`;
}

function generations({ from, to }: SwapReport): string {
  return from === undefined ? `generation ${to} serves` : `generation ${from} -> ${to}`;
}

function formatSteps(steps: readonly SwapStep[], style: Style): string {
  return formatTable(
    steps,
    [
      { title: 'step', cell: (step) => step.name },
      { title: 'took', align: 'right', cell: (step) => formatDuration(step.durationMs) },
      { title: '', cell: (step) => (step.error ? style.bad(step.error.code) : '') },
    ],
    style,
  );
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
