import type { Check, CheckLevel, HeldResources, LeakReport } from '@hotswap/runtime';
import type { DoctorResult } from '../commands/doctor/doctor-result.ts';
import type { Paper } from '../verb.ts';
import { formatDuration } from './durations.ts';
import type { Style } from './style.ts';
import { formatTable } from './table.ts';

const areas: readonly (readonly [area: Check['area'], title: string])[] = [
  ['environment', 'environment'],
  ['server', 'server'],
  ['plugins', 'plugins'],
  ['memory', 'memory'],
];

/** What was looked at, by area; then what runs, what the search found, and how many of each level. */
export function formatDiagnosis(result: DoctorResult, { style }: Paper): string {
  const sections = areas.map(([area, title]) => {
    const checks = result.checks.filter((check) => check.area === area);
    return checks.length === 0
      ? ''
      : [style.bold(title), ...checks.map((check) => formatCheck(check, style))].join('\n');
  });
  const found = result.leaks === null ? '' : formatSearch(result.leaks, style);
  const running = result.generations.length === 0 ? '' : formatGenerations(result.generations, style);
  return [...sections, found, running, formatSummary(result, style)].filter(Boolean).join('\n\n');
}

const width = 'problem'.length;

function formatCheck({ level, message, action }: Check, style: Style): string {
  const indent = ' '.repeat(width + 4);
  const lines = [`  ${colourLevel(level, level.padEnd(width), style)}  ${message.replaceAll('\n', `\n${indent}`)}`];
  if (action !== undefined) lines.push(`${indent}${style.dim(`-> ${action}`)}`);
  return lines.join('\n');
}

function colourLevel(level: CheckLevel, text: string, style: Style): string {
  if (level === 'ok') return style.good(text);
  return level === 'warning' ? style.caution(text) : style.bad(text);
}

/** Each leaked generation with what keeps it, and what holds that. */
function formatSearch({ leaked, blockedMs, walkMs, snapshotBytes, objects }: LeakReport, style: Style): string {
  const lines = leaked.flatMap(({ plugin, generation, version, reasons }) => [
    `${style.bold(plugin)} generation ${generation} ${style.dim(`(${version})`)} is kept by`,
    ...reasons.map(({ text, heldBy }) => `  ${text}${heldBy.map((one) => style.dim(`, held by ${one}`)).join('')}`),
  ]);
  const size = `${Math.round(snapshotBytes / 2 ** 20)} MB, ${objects} objects`;
  const cost = `heap written in ${formatDuration(blockedMs)}, in which the server stood still (${size}); searched in ${formatDuration(walkMs)}`;
  return [...lines, style.dim(cost)].join('\n');
}

function formatGenerations(generations: readonly HeldResources[], style: Style): string {
  return formatTable(
    generations,
    [
      { title: 'plugin', cell: ({ plugin }) => style.bold(plugin) },
      { title: 'generation', align: 'right', cell: ({ generation }) => String(generation) },
      { title: 'state', cell: ({ state }) => state },
      { title: 'isolation', cell: ({ isolation }) => isolation },
      { title: 'requests', align: 'right', cell: ({ activeRequests }) => String(activeRequests) },
      { title: 'holds', cell: ({ resources }) => holdsOf(resources) },
      { title: 'oldest', cell: oldestOf },
    ],
    style,
  );
}

function holdsOf(resources: Readonly<Record<string, number>>): string {
  const held = Object.entries(resources).map(([kind, count]) => `${count} ${kind}`);
  return held.length === 0 ? '-' : held.join(', ');
}

function oldestOf({ oldest: [first] }: HeldResources): string {
  return first === undefined
    ? '-'
    : `${[first.kind, first.label].filter(Boolean).join(' ')}, ${formatDuration(first.ageMs)}`;
}

function formatSummary({ summary }: DoctorResult, style: Style): string {
  const { ok, warning, problem } = summary;
  const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;
  return [
    style.good(`${ok} ok`),
    warning === 0 ? '0 warnings' : style.caution(counted(warning, 'warning')),
    problem === 0 ? '0 problems' : style.bad(counted(problem, 'problem')),
  ].join(', ');
}
