/** One line of the log. */
export interface LogLine {
  readonly at: number;
  readonly level: string;
  readonly message: string;
  readonly plugin_name?: string;
  readonly operation_id?: string;
  readonly [field: string]: unknown;
}

/** What the log tells of recovery. */
export interface SoakLog {
  /** How many stories began, by their first symptom; and ended, by outcome. */
  readonly symptoms: Readonly<Record<string, number>>;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly decisions: Readonly<Record<string, number>>;
  /** How often a breaker opened. */
  readonly openings: number;
  /** Everything that cannot be explained by the operation id it bears, in sentences. */
  readonly unexplained: readonly string[];
}

/** Joins the lines of a log by their operation ids (pure). */
export function readSoakLog(lines: readonly LogLine[]): SoakLog {
  const told = lines.filter(({ message }) => message.startsWith('recovery '));
  const stories = Map.groupBy(told, ({ operation_id: id }) => id ?? 'no operation id');
  const of = (message: string): readonly LogLine[] => told.filter((line) => line.message === message);
  return {
    symptoms: countBy(of('recovery began'), 'symptom'),
    outcomes: countBy(of('recovery ended'), 'outcome'),
    decisions: countBy(of('recovery step'), 'decision'),
    openings: lines.filter(({ message, breaker }) => message === 'breaker changed state' && breaker === 'open').length,
    unexplained: [...[...stories].flatMap(([id, story]) => incoherent(id, story, lines)), ...unheard(lines)],
  };
}

/** A story begins once, ends once, is of one plugin, and each of its changes is told with its id. */
function incoherent(id: string, story: readonly LogLine[], lines: readonly LogLine[]): readonly string[] {
  const [first] = story;
  const last = story.findLast(({ message }) => message !== 'recovery escalated');
  const count = (wanted: string): number => story.filter(({ message }) => message === wanted).length;
  const attempts = story.filter(({ decision }) => decision === 'restart' || decision === 'reload-previous');
  const reports = lines.filter(
    ({ operation_id: other, message }) => other === id && /^plugin change was|^a verb of recovery/.test(message),
  );
  const wasCalledOff =
    last?.['outcome'] === 'superseded' || last?.['outcome'] === 'closed' || last?.['outcome'] === 'recovered';
  const problems: (string | false)[] = [
    (first?.message !== 'recovery began' || count('recovery began') !== 1) && 'does not begin once',
    (last?.message !== 'recovery ended' || count('recovery ended') !== 1) && 'does not end once',
    count('recovery step') === 0 && 'decides nothing',
    new Set(story.map(({ plugin_name: plugin }) => plugin)).size !== 1 && 'is of several plugins',
    reports.length < attempts.length - (wasCalledOff ? 1 : 0) &&
      `tells ${reports.length} of ${attempts.length} changes`,
    story.some(({ symptom, message }) => message === 'recovery step' && symptom === undefined) && 'gives no symptom',
  ];
  return problems.filter((problem) => problem !== false).map((problem) => `${id} (${first?.plugin_name}) ${problem}`);
}

/** A plugin that failed is in some story by then, or the next thing it does is to begin one. */
function unheard(lines: readonly LogLine[]): readonly string[] {
  const open = new Map<string | undefined, string>();
  const failed = new Map<string | undefined, LogLine>();
  const problems: string[] = [];
  for (const line of lines) {
    const { message, plugin_name: plugin, operation_id: id, at } = line;
    if (message === 'recovery began' && id !== undefined) {
      open.set(plugin, id);
      failed.delete(plugin);
    }
    if (message === 'recovery ended') open.delete(plugin);
    if (message !== 'plugin changed state') continue;
    const unseen = failed.get(plugin);
    if (unseen) problems.push(`${plugin} failed at ${unseen.at} and moved on at ${at} without a story`);
    failed.delete(plugin);
    if (line['from'] === 'active' && line['to'] === 'failed' && !open.has(plugin)) failed.set(plugin, line);
  }
  return problems;
}

function countBy(lines: readonly LogLine[], field: string): Readonly<Record<string, number>> {
  const groups = Map.groupBy(lines, (line) => String(line[field]));
  return Object.fromEntries(Array.from(groups, ([key, inside]) => [key, inside.length]));
}
