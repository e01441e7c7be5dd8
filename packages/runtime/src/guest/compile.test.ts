import { Session } from 'node:inspector';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { expect, test } from 'vitest';
import { rewriteModule } from '../loading/rewrite-module.ts';
import { compileProgram, readDefinition } from './compile.ts';
import type { ModuleScope, TextProgram } from './compile.ts';

const scope: ModuleScope = { globals: {}, import: async (specifier) => import(specifier) };

test('evaluates a module with its imports, its awaits and its meta', async () => {
  const exports = await run(`
    import { join } from 'node:path';
    export const x = await Promise.resolve(join('a', 'b'));
    export const meta = { ...import.meta };
    export const later = (await import('node:url')).pathToFileURL === undefined;
  `);
  expect(exports).toEqual({
    x: 'a/b',
    meta: { url: 'file:///plugins/x/index.ts', filename: '/plugins/x/index.ts', dirname: '/plugins/x' },
    later: false,
  });
});

test('gives each evaluation its own globals and its own state', async () => {
  const evaluate = compileProgram(program('let n = 0; export const next = () => [process, ++n];'));
  const [one, two] = [
    await evaluate({ ...scope, globals: { process: 'one' } }),
    await evaluate({ ...scope, globals: { process: 'two' } }),
  ];
  expect([call(one['next']), call(one['next']), call(two['next'])]).toEqual([
    ['one', 1],
    ['one', 2],
    ['two', 1],
  ]);
});

test('a global the scope does not give is the host’s', async () => {
  expect((await run('export const same = setTimeout;'))['same']).toBe(setTimeout);
});

test('a debugger is told the file and its map', () => {
  const session = new Session();
  session.connect();
  const scripts: { readonly url: string; readonly sourceMapURL?: string | undefined }[] = [];
  session.on('Debugger.scriptParsed', ({ params }) => scripts.push(params));
  session.post('Debugger.enable');
  compileProgram({ ...program('export const x = 1;'), sourceMap: '{"version":3}', file: '/plugins/x/debugged.ts' });
  session.disconnect();
  const script = scripts.find(({ url }) => url.endsWith('/plugins/x/debugged.ts'));
  expect(script?.sourceMapURL).toBe(`data:application/json;base64,${btoa('{"version":3}')}`);
});

test('a failed evaluation rejects with the author’s error', async () => {
  await expect(run('throw new RangeError("no");')).rejects.toThrow(RangeError);
});

test('text that does not parse is refused', () => {
  expect(() => compileProgram({ ...program(''), body: 'const = 1;' })).toThrow(SyntaxError);
});

test.each([
  ['definePlugin', 'import { definePlugin } from "@hotswap/sdk"; export default definePlugin({ start() {} });'],
  ['a plain object', 'export default { start() {} };'],
  ['a createPlugin factory', 'export const createPlugin = () => ({ start() {} });'],
  ['an async factory', 'export const createPlugin = async () => ({ start() {} });'],
  ['a default factory', 'export default function () { return { start() {} }; }'],
])('takes a plugin from %s', async (_, code) => {
  await expect(readDefinition(await run(code), 'x')).resolves.toHaveProperty('start');
});

test.each([
  ['nothing', 'import "node:fs";'],
  ['start', 'export const start = () => {};'],
  ['default', 'export default () => 5;'],
])('says what to export when there is %s', async (found, code) => {
  await expect(readDefinition(await run(code), 'x')).rejects.toMatchObject({
    code: 'PLUGIN_EXPORT_MISSING',
    details: { plugin: 'x', found },
    message: expect.stringContaining('export default definePlugin'),
  });
});

// Counting coverage keeps every function that ever ran.
const isCounted = process.env['NODE_V8_COVERAGE'] !== undefined;

test.skipIf(isCounted)('2,000 dropped versions leave nothing behind', { timeout: 60_000 }, async () => {
  // With the cache on, text lingers until memory runs short, which would hide a leak and look like one.
  setFlagsFromString('--no-compilation-cache');
  const versions = { alive: 0 };
  const registry = new FinalizationRegistry<undefined>(() => (versions.alive -= 1));
  const reload = async (version: number): Promise<void> => {
    versions.alive += 1;
    registry.register(await compileProgram(program(largeModule(version)))(scope), undefined);
  };
  const round = async (from: number, to: number): Promise<number> => {
    for (let version = from; version < to; version += 1) await reload(version);
    for (let turns = 0; versions.alive > 0 && turns < 200; turns += 1) {
      globalThis.gc!();
      await turn();
    }
    return process.memoryUsage().heapUsed;
  };
  const before = await round(0, 500);
  const after = await round(500, 2_500);
  setFlagsFromString('--compilation-cache');
  expect(versions.alive).toBe(0);
  // 2,000 versions of 25 KB are 50 MB of text alone.
  expect(after - before).toBeLessThan(4 * 1_048_576);
});

function program(code: string): TextProgram {
  return { type: 'text', body: rewriteModule(code).body, sourceMap: undefined, file: '/plugins/x/index.ts' };
}

function run(code: string): Promise<Readonly<Record<string, unknown>>> {
  return compileProgram(program(code))(scope);
}

function call(value: unknown): unknown {
  return typeof value === 'function' ? value() : undefined;
}

function largeModule(version: number): string {
  const lines = Array.from(
    { length: 300 },
    (_, line) => `function f${line}(x) { return x + ${version} + "some text ${line} of ${version}"; }`,
  );
  return `import { join } from 'node:path';\n${lines.join('\n')}\nexport default { start() { return [f0, f299, join]; } };`;
}
