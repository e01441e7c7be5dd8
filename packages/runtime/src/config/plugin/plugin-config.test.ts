import { isCodedError } from '@hotswap/protocol';
import type { JsonSchema } from '@hotswap/protocol';
import { describe, expect, it } from 'vitest';
import { compilePluginConfig } from './plugin-config.ts';

const object = (properties: JsonSchema, more: JsonSchema = {}): JsonSchema => ({ type: 'object', properties, ...more });

function problemsOf(schema: JsonSchema, config: Readonly<Record<string, unknown>>): unknown {
  try {
    compilePluginConfig(schema, 'greeter').fill(config);
  } catch (error) {
    if (isCodedError(error) && error.code === 'CONFIG_REJECTED') return error.details['problems'];
    throw error;
  }
  return [];
}

describe('fill', () => {
  it('fills in defaults and leaves the given object alone', () => {
    const schema = object({
      greeting: { type: 'string', default: 'hello' },
      retry: object({ times: { type: 'integer', default: 3 } }, { default: {} }),
    });
    const given = {};
    expect(compilePluginConfig(schema, 'greeter').fill(given)).toEqual({
      config: { greeting: 'hello', retry: { times: 3 } },
    });
    expect(given).toEqual({});
  });

  it('reports every problem, the key and what is wrong with it', () => {
    const schema = object(
      {
        greeting: { type: 'string' },
        level: { enum: ['low', 'high'] },
        upstreams: { type: 'array', items: object({ url: { type: 'string', format: 'uri' } }) },
      },
      { required: ['name'] },
    );
    const config = { greeting: 1, level: 'mid', upstreams: [{ url: 'not a uri' }, { port: 1 }], greting: 'hi' };
    expect(problemsOf(schema, config)).toEqual(
      expect.arrayContaining([
        { path: '', message: "must have required property 'name'" },
        { path: 'greeting', message: 'must be string' },
        { path: 'level', message: 'must be one of "low", "high"' },
        { path: 'upstreams[0].url', message: 'must match format "uri"' },
        { path: 'upstreams[1].port', message: 'is no setting of this plugin' },
        { path: 'greting', message: 'is no setting of this plugin; did you mean greeting?' },
      ]),
    );
  });

  it('never repeats a rejected value: it may be a secret', () => {
    const schema = object({ apiKey: { type: 'string', pattern: '^sk-', secret: true } });
    expect(() => compilePluginConfig(schema, 'pay').fill({ apiKey: 'hunter2' })).toThrow(/apiKey/);
    expect(() => compilePluginConfig(schema, 'pay').fill({ apiKey: 'hunter2' })).not.toThrow(/hunter2/);
  });

  it('lets in unlisted keys where the schema says so', () => {
    expect(problemsOf(object({}, { additionalProperties: true }), { any: 1 })).toEqual([]);
    expect(problemsOf(object({}, { additionalProperties: { type: 'number' } }), { any: 'x' })).toHaveLength(1);
    expect(problemsOf(object({}, { patternProperties: { '^x-': {} } }), { 'x-a': 1 })).toEqual([]);
  });

  it('knows the keys that combined and referred schemas list', () => {
    const schema: JsonSchema = {
      $defs: { base: object({ a: { type: 'number' } }) },
      type: 'object',
      allOf: [{ $ref: '#/$defs/base' }],
      properties: { b: { $ref: '#/$defs/base' } },
    };
    expect(problemsOf(schema, { a: 1, b: { a: 1 } })).toEqual([]);
    expect(problemsOf(schema, { c: 1 })).toEqual([{ path: 'c', message: 'is no setting of this plugin' }]);
    expect(problemsOf(schema, { b: { c: 1 } })).toEqual([{ path: 'b.c', message: 'is no setting of this plugin' }]);
  });

  it('checks durations and sizes as this runtime writes them', () => {
    const schema = object({ every: { type: 'string', format: 'duration' }, max: { type: 'string', format: 'size' } });
    expect(problemsOf(schema, { every: '1h', max: '10MB' })).toEqual([]);
    expect(problemsOf(schema, { every: 'soon', max: 'much' })).toHaveLength(2);
  });

  it('accepts any object without a schema', () => {
    const open = compilePluginConfig(undefined, 'greeter');
    expect(open.fill({ any: [1] })).toEqual({ config: { any: [1] } });
    expect(open.mask({ any: 1 })).toEqual({ any: 1 });
    expect(open.unmask({ any: 2 }, { any: 1 })).toEqual({ any: 2 });
  });

  it('keeps two plugins with the same schema id apart', () => {
    const id = { $id: 'https://example.com/config' };
    compilePluginConfig(object({ a: {} }, id), 'one');
    expect(compilePluginConfig(object({ b: {} }, id), 'two').fill({ b: 1 })).toEqual({ config: { b: 1 } });
  });
});

describe('pattern', () => {
  it('takes linear time, whatever the plugin wrote', () => {
    const plugin = compilePluginConfig(object({ name: { type: 'string', pattern: '^(a+)+$' } }), 'greedy');
    const startedAt = performance.now();
    expect(() => plugin.fill({ name: `${'a'.repeat(50_000)}!` })).toThrow(
      expect.objectContaining({ code: 'CONFIG_REJECTED' }),
    );
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it('reads the usual escapes', () => {
    const schema = object({ path: { type: 'string', pattern: String.raw`^\/[\w\-]+\.\d{2}\u0041$` } });
    expect(problemsOf(schema, { path: '/a-b.12A' })).toEqual([]);
    expect(problemsOf(schema, { path: '/a-b.12B' })).toHaveLength(1);
  });
});

describe('a schema that cannot be used', () => {
  it.each<[string, JsonSchema]>([
    ['an unknown type', { type: 'objekt' }],
    ['an unknown keyword', { type: 'object', propertees: {} }],
    ['a look-ahead', object({ a: { type: 'string', pattern: '(?=a)b' } })],
    ['a reference to elsewhere', object({ a: { $ref: 'https://example.com/x.json' } })],
    ['a format nobody knows', object({ a: { type: 'string', format: 'colour' } })],
  ])('is the fault of the plugin: %s', (_, schema) => {
    expect(() => compilePluginConfig(schema, 'greeter')).toThrow(
      expect.objectContaining({ code: 'CONFIG_SCHEMA_INVALID', kind: 'plugin-fault' }),
    );
  });
});

describe('secrets', () => {
  const secret = { type: 'string', secret: true };
  const plugin = compilePluginConfig(
    {
      $defs: { account: object({ user: { type: 'string' }, password: secret }) },
      ...object({
        apiKey: secret,
        accounts: { type: 'array', items: { $ref: '#/$defs/account' } },
        keys: { type: 'array', items: secret },
        headers: { type: 'object', additionalProperties: secret },
      }),
    },
    'payments',
  );
  const config = {
    apiKey: 'k1',
    accounts: [
      { user: 'ada', password: 'p1' },
      { user: 'bob', password: 'p2' },
    ],
    keys: ['s1', 's2'],
    headers: { authorization: 'h1' },
  };

  it('are shown as a mask, wherever they stand', () => {
    expect(plugin.mask(config)).toEqual({
      apiKey: '********',
      accounts: [
        { user: 'ada', password: '********' },
        { user: 'bob', password: '********' },
      ],
      keys: ['********', '********'],
      headers: { authorization: '********' },
    });
    expect(plugin.mask({})).toEqual({});
  });

  it('stay as they were when the mask is sent back', () => {
    expect(plugin.unmask(plugin.mask(config), config)).toEqual(config);
    expect(plugin.unmask({ apiKey: 'new', keys: ['********', 'new'] }, config)).toEqual({
      apiKey: 'new',
      keys: ['s1', 'new'],
    });
  });

  it('follow their element when a list is reordered, shortened or edited', () => {
    const [ada, bob] = [
      { user: 'ada', password: '********' },
      { user: 'bob', password: '********' },
    ];
    const passwords = (accounts: readonly unknown[]): unknown => plugin.unmask({ accounts }, config)['accounts'];
    expect(passwords([bob, ada])).toEqual([config.accounts[1], config.accounts[0]]);
    expect(passwords([bob])).toEqual([config.accounts[1]]);
    expect(passwords([{ ...ada, user: 'adele' }, bob])).toEqual([
      { user: 'adele', password: 'p1' },
      config.accounts[1],
    ]);
  });

  it('are never guessed', () => {
    for (const next of [
      { keys: ['********'] },
      { accounts: [{ user: 'eve', password: '********' }] },
      { headers: { other: '********' } },
    ]) {
      expect(() => plugin.unmask(next, config)).toThrow(expect.objectContaining({ code: 'CONFIG_REJECTED' }));
    }
  });
});
