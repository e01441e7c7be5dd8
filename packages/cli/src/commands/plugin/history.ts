import type { HistoryAnswer } from '../../client/management-answers.ts';
import { formatAge } from '../../output/durations.ts';
import type { Style } from '../../output/style.ts';
import { formatTable } from '../../output/table.ts';
import type { Verb } from '../../verb.ts';
import { nameArgument, nameOption, pluginNameOf } from './arguments.ts';
import type { NameOption } from './arguments.ts';

type Change = HistoryAnswer['changes'][number];

/** `hotswap plugin history`. */
export const history: Verb<NameOption, HistoryAnswer> = {
  name: 'history',
  summary: 'show who changed a plugin, when and why, and what it can go back to',
  arguments: [nameArgument],
  options: [nameOption],
  examples: ['hotswap plugin history greeter', 'hotswap plugin history greeter --json'],
  async run(call) {
    const plugin = pluginNameOf(call);
    return (await call.connect()).history(plugin);
  },
  print(result, { style, now }) {
    const { plugin, changes, snapshots } = result;
    if (changes.length === 0) return `nothing has changed ${plugin} yet`;
    // The snapshot that a change left behind tells whether the state of that moment is kept.
    const kept = new Map(snapshots.map((snapshot) => [snapshot.operation_id, snapshot.has_state ? 'yes' : 'no']));
    const table = formatTable(
      changes,
      [
        { title: 'when', cell: ({ at }) => formatAge(at * 1_000, now) },
        { title: 'operation', cell: ({ operation }) => operation },
        { title: 'from -> to', cell: generations },
        { title: 'version', cell: versions },
        { title: 'who', cell: ({ actor }) => actor },
        { title: 'why', cell: ({ reason, operation }) => (reason === operation ? '-' : reason) },
        { title: 'outcome', cell: (change) => outcome(change, style) },
        { title: 'state kept', cell: ({ operation_id: id }) => kept.get(id) ?? '-' },
      ],
      style,
    );
    return `${table}\n${waysBack(result)}`;
  },
};

function generations({ from, to }: Change): string {
  return `${from ?? '-'} -> ${to ?? '-'}`;
}

function versions({ from_version: from, to_version: to }: Change): string {
  if (from === null || to === null || from === to) return to ?? from ?? '-';
  return `${from} -> ${to}`;
}

function outcome({ outcome: word, code }: Change, style: Style): string {
  if (word === 'failed') return style.bad(`failed ${code ?? ''}`.trimEnd());
  return word === 'kept' ? style.caution(`kept ${code ?? ''}`.trimEnd()) : style.good(word);
}

function waysBack({ plugin, snapshots }: HistoryAnswer): string {
  const [latest] = snapshots;
  if (latest === undefined) return 'no snapshot to roll back to';
  return `"hotswap plugin rollback ${plugin}" goes back to generation ${latest.generation} (${latest.version})`;
}
