import { Buffer } from 'node:buffer';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction } from 'node:vm';
import { isPluginDefinition } from '@hotswap/sdk';
import type { PluginDefinition } from '@hotswap/sdk';
import { fail } from '../errors.ts';
import type { Program } from '../loading/artifact.ts';

/** A program whose code is text. */
export type TextProgram = Extract<Program, { readonly type: 'text' }>;

/** Globals that a plugin gets as its own: wrapped per generation, so that what it starts can be undone. */
const guestGlobalNames = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'queueMicrotask',
  'process',
  'console',
  'fetch',
  'require',
  'Request',
  'Response',
  'Headers',
] as const;

/** One of the names in `guestGlobalNames`. */
export type GuestGlobalName = (typeof guestGlobalNames)[number];

/** What the text of a program can reach beyond the language itself and the other globals. */
export interface ModuleScope {
  /** What every function of the evaluated program reaches: while it is in memory, so is some of the program. */
  readonly anchor?: object;
  /** A name left out falls through to the global of that name. */
  readonly globals: Readonly<Partial<Record<GuestGlobalName, unknown>>>;
  /** Answers `import` of a built-in or of `@hotswap/sdk`; refuses everything else. */
  import(specifier: string): Promise<unknown>;
}

/** What an evaluated module exports, by name. */
export type ModuleExports = Readonly<Record<string, unknown>>;

// As long as the keywords they stand for, so that no column moves and the source map stays exact.
export const importName = '__hs_i';
export const metaName = '__hs_meta__';
/** A variable around every function of the program. `hotswap doctor` looks for it in heap snapshots. */
const anchorName = '__hs_anchor__';

const prefix = '"use strict";return (async function () {';
/** Behind the end, where it is never run: that it is named there makes it part of what the functions stand in. */
const suffix = `\n;void ${anchorName}}).call()`;
const parameters = [...guestGlobalNames, importName, metaName, '__dirname', '__filename', anchorName];
/** Larger maps stay out of the compiled text: V8 keeps that in memory for as long as the generation lives. */
const maxInlineMap = 512 * 1_024;

/**
 * Compiles a program's text. Call what it returns once for every generation: each call evaluates the module anew.
 *
 * The text is compiled and never imported, because a module that was imported is never freed.
 *
 * @throws SyntaxError when the text does not parse
 */
export function compileProgram(program: TextProgram): (scope: ModuleScope) => Promise<ModuleExports> {
  const { file } = program;
  // No `importModuleDynamically` and no cached data: either would keep every version alive.
  const evaluate = compileFunction(`${prefix}${program.body}${suffix}${inlineMap(program)}`, parameters, {
    filename: file,
  });
  const directory = dirname(file);
  return (scope) => {
    const meta = { url: pathToFileURL(file).href, filename: file, dirname: directory };
    const globals = guestGlobalNames.map((name) => (name in scope.globals ? scope.globals[name] : hostGlobal(name)));
    const load = (specifier: unknown) => scope.import(String(specifier));
    return evaluate(...globals, load, meta, directory, file, scope.anchor);
  };
}

/**
 * Finds the plugin among the exports of its entry: the default export or the `createPlugin` factory.
 *
 * @throws PLUGIN_EXPORT_MISSING
 */
export async function readDefinition(exports: ModuleExports, plugin: string): Promise<PluginDefinition> {
  for (const candidate of [exports['default'], exports['createPlugin']]) {
    if (isPluginDefinition(candidate)) return candidate;
    if (typeof candidate !== 'function') continue;
    const made: unknown = await candidate();
    if (isPluginDefinition(made)) return made;
  }
  const found = Object.keys(exports).join(', ') || 'nothing';
  throw fail('PLUGIN_EXPORT_MISSING', { plugin, found });
}

function hostGlobal(name: GuestGlobalName): unknown {
  return Reflect.get(globalThis, name);
}

function inlineMap({ sourceMap }: TextProgram): string {
  if (sourceMap === undefined || sourceMap.length > maxInlineMap) return '';
  return `\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(sourceMap).toString('base64')}`;
}
