import fc from 'fast-check';
import { stringify } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { formatOf, readConfigDocument } from './config-document.ts';
import type { ConfigFormat } from './config-document.ts';
import type { KeyPath } from './position-index.ts';
import { tomlPositions } from './toml-positions.ts';

/** The text at which a path was found, so that a test names what it expects instead of counting columns. */
function wordAt(text: string, path: KeyPath, format: ConfigFormat = 'toml'): string {
  const place = readConfigDocument(text, format, 'test').locate(path);
  if (!place) return 'nowhere';
  const line = text.split('\n')[place.line - 1] ?? '';
  return `${place.line}:${/^\S*?(?=[\s=\],.}]|$)/.exec(line.slice(place.column - 1))?.[0]}`;
}

const unsafeKeys: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/** The paths of all keys; list indices count only on the way to a key. */
function pathsOf(value: unknown, path: KeyPath): readonly KeyPath[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => pathsOf(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [[...path, key], ...pathsOf(inner, [...path, key])]);
}

describe('places in a TOML text', () => {
  const text = `
# a comment with = and [brackets]
title = "a # no comment, [no table]" # trailing
[server] # here
bind = ":11371"
limits.maxBody = "10MB"
  [ server . "odd key" ]
  deep . 'er' = 1979-05-27 07:32:00
[plugins]
loadOrder = [ # first
  "security", # why
  "geo", [1, [2,
  3]],
]
text = """
fake = 1
[fake]\\""" still inside """""
literal = '''
[fake2]
'''
after = 1
inline = { a = 1, "b.c" = { d = [ { e = 2 } ] } }
tls = {
  cert = 'x',
}
[[list]]
name = 1
[[list]]
name = 2
[list.sub]
x = 1
[[list.inner]]
y = 1
[plugins.greeter]
config.greeting = "hi"
"esc\\u0041ped" = 1
`;
  it.each<[KeyPath, string]>([
    [['title'], '3:title'],
    [['server'], '4:server'],
    [['server', 'bind'], '5:bind'],
    [['server', 'limits'], '6:limits'],
    [['server', 'limits', 'maxBody'], '6:maxBody'],
    [['server', 'odd key'], '7:"odd'],
    [['server', 'odd key', 'deep', 'er'], `8:'er'`],
    [['plugins', 'loadOrder', 0], '11:"security"'],
    [['plugins', 'loadOrder', 1], '12:"geo"'],
    [['plugins', 'loadOrder', 2, 1, 1], '13:3'],
    [['plugins', 'literal'], '18:literal'],
    [['plugins', 'after'], '21:after'],
    [['plugins', 'inline', 'b.c', 'd', 0, 'e'], '22:e'],
    [['plugins', 'tls', 'cert'], '24:cert'],
    [['list', 0, 'name'], '27:name'],
    [['list', 1, 'name'], '29:name'],
    [['list', 1, 'sub', 'x'], '31:x'],
    [['list', 1, 'inner', 0, 'y'], '33:y'],
    [['plugins', 'greeter', 'config', 'greeting'], '35:greeting'],
    [['plugins', 'greeter', 'escAped'], '36:"esc\\u0041ped"'],
    [['plugins', 'greeter', 'missing', 'below'], '34:greeter'],
    [['fake'], 'nowhere'],
  ])('%j stands at %s', (path, expected) => {
    expect(wordAt(text, path)).toBe(expected);
  });

  it('are exact for every key of whatever can be written', () => {
    const key = fc.oneof(
      fc.constantFrom('a', 'b c', 'd.e', '[f]', '"g"', "'h'", 'i\n', '#j', '\t', '\u00e9'),
      fc.string(),
    );
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constantFrom('"""', "'''", 'x\n[y]\nz = 1'));
    const { table } = fc.letrec<{ table: Record<string, unknown>; value: unknown }>((tie) => ({
      table: fc.dictionary(
        key.filter((name) => !unsafeKeys.includes(name)),
        tie('value'),
      ),
      value: fc.oneof({ maxDepth: 2 }, leaf, fc.array(leaf), fc.array(tie('table')), tie('table')),
    }));
    fc.assert(
      fc.property(table, (value) => {
        const text = stringify(value);
        const positions = tomlPositions(text);
        const lines = text.split('\n');
        for (const path of pathsOf(value, [])) {
          const { line, column } = positions.locate(path) ?? { line: 0, column: 0 };
          const rest = (lines[line - 1] ?? '').slice(column - 1);
          // Bare, or quoted with JSON's escapes: what stands there is the last key of the path.
          expect([path.at(-1), JSON.stringify(path.at(-1))].some((key) => rest.startsWith(String(key)))).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('follows texts with Windows line ends', () => {
    expect(wordAt('[a]\r\nb = 1\r\nc = [\r\n 2]\r\n', ['a', 'c', 0])).toBe('4:2');
  });
});

describe('places in YAML and JSON', () => {
  it('finds keys and list items of YAML', () => {
    const text =
      'server:\n  bind: ":1"\nplugins:\n  loadOrder:\n    - security\n    - geo\n  a: { config: { x: 1 } }\n';
    expect(wordAt(text, ['plugins', 'loadOrder', 1], 'yaml')).toBe('6:geo');
    expect(wordAt(text, ['plugins', 'a', 'config', 'x'], 'yaml')).toBe('7:x:');
  });

  it('finds keys of JSON that is indented with tabs and commented', () => {
    const text = '{\n\t"server": {\n\t\t"bind": ":1", // here\n\t},\n}';
    const document = readConfigDocument(text.replace(' // here', ''), 'json', 'x.json');
    expect(document.value).toEqual({ server: { bind: ':1' } });
    expect(document.locate(['server', 'bind'])).toEqual({ line: 3, column: 3 });
  });
});

describe('a text that cannot be read', () => {
  it.each<[ConfigFormat, string, string]>([
    ['toml', 'a = 1\nb = = 2\n', 'app:2:5'],
    ['toml', 'a = 1\na = 2\n', 'app:2:'],
    ['yaml', 'a: 1\nb: [1\n', 'app:'],
    ['yaml', 'a: 1\na: 2\n', 'app:2:1'],
    ['json', '{\n "a": foo\n}', 'app:2:7'],
  ])('is refused with the line and a mark under the column (%s %j)', (format, text, place) => {
    expect(() => readConfigDocument(text, format, 'app')).toThrow(
      expect.objectContaining({ code: 'CONFIG_SYNTAX', message: expect.stringContaining(place) as string }),
    );
    expect(() => readConfigDocument(text, format, 'app')).toThrow('^');
  });

  it.each<[ConfigFormat, string]>([
    ['toml', '[__proto__]\na = 1'],
    ['yaml', 'a:\n  __proto__: { b: 1 }'],
    ['json', '{ "a": { "__proto__": { "b": 1 } } }'],
  ])('refuses keys that would reach into prototypes (%s)', (format, text) => {
    expect(() => readConfigDocument(text, format, 'app')).toThrow(expect.objectContaining({ code: 'CONFIG_SYNTAX' }));
  });

  it('refuses YAML aliases that grow without bound', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef'])
      bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(',')}]`);
    expect(() => readConfigDocument(bomb.join('\n'), 'yaml', 'app')).toThrow(
      expect.objectContaining({ code: 'CONFIG_SYNTAX' }),
    );
  });
});

describe('a plain value', () => {
  it('is what every format gives, dates as text', () => {
    expect(readConfigDocument('at = 2026-01-02T03:04:05Z', 'toml', 'x').value).toEqual({
      at: '2026-01-02T03:04:05.000Z',
    });
    expect(readConfigDocument('', 'yaml', 'x').value).toEqual({});
  });

  it('has its format from the file name', () => {
    expect(['a.toml', 'a.yml', 'a.YAML', 'a.json', 'a'].map(formatOf)).toEqual([
      'toml',
      'yaml',
      'yaml',
      'json',
      'toml',
    ]);
  });
});
