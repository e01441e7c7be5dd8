import { parseArgs } from 'node:util';

export interface BenchArguments {
  /** Ids of the rows to run, in the order of the table. */
  readonly only: readonly string[];
  /** Where the entries go as JSON. */
  readonly json: string | undefined;
  readonly isQuick: boolean;
}

/**
 * Reads the command line.
 *
 * @throws Error that names a row or an option that is not there
 */
export function readArguments(args: readonly string[], known: readonly string[]): BenchArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true },
      except: { type: 'string', multiple: true },
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
    },
  });
  const idsOf = (lists: readonly string[] | undefined): readonly string[] | undefined =>
    lists?.flatMap((list) => list.split(',')).map((id) => id.trim());
  const asked = idsOf(values.only) ?? known;
  const left = idsOf(values.except) ?? [];
  const unknown = [...asked, ...left].filter((id) => !known.includes(id));
  if (unknown.length > 0) throw new Error(`no row is called ${unknown.join(', ')}; there are ${known.join(', ')}`);
  return {
    only: known.filter((id) => asked.includes(id) && !left.includes(id)),
    json: values.json,
    isQuick: values.quick,
  };
}
