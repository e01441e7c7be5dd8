import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createRuntime, type PluginStatus, type Runtime } from '@hotswap/runtime';
import type { LogFields, PluginDefinition } from '@hotswap/sdk';
import type { HostLogger } from '../src/host-services/logging/create-logger.ts';
import type { RuntimeOptions } from '../src/runtime-options.ts';

export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** Keeps what is logged, for tests that ask what an operator would have read. */
export function createRecordingLog(lines: LoggedLine[] = [], bindings: LogFields = {}): HostLogger {
  const write = (level: LoggedLine['level']) => (first: LogFields | string, message?: string) => {
    const fields = typeof first === 'string' ? {} : first;
    lines.push({
      level,
      message: typeof first === 'string' ? first : (message ?? ''),
      fields: { ...bindings, ...fields },
    });
  };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (more) => createRecordingLog(lines, { ...bindings, ...more }),
  };
}

/** A started runtime without probation, with limits that suit a test, and what it logs. */
export interface RunningRuntime extends AsyncDisposable {
  readonly runtime: Runtime;
  readonly lines: readonly LoggedLine[];
  readonly transitions: readonly { readonly plugin: string; readonly from: string; readonly to: string }[];
  /** Status and text of an answer. */
  get(path: string, init?: RequestInit): Promise<readonly [number, string]>;
  status(plugin: string): PluginStatus;
}

export async function run(options: RuntimeOptions = {}): Promise<RunningRuntime> {
  const lines: LoggedLine[] = [];
  const transitions: { plugin: string; from: string; to: string }[] = [];
  const runtime = createRuntime({
    log: createRecordingLog(lines),
    guardProcess: false,
    environment: {},
    ...options,
    limits: { probationMs: 0, drainTimeoutMs: 2_000, shutdownTimeoutMs: 2_000, graceMs: 20, ...options.limits },
  });
  runtime.on('transition', ({ plugin, from, to }) => void transitions.push({ plugin, from, to }));
  await runtime.start();
  return {
    runtime,
    lines,
    transitions,
    get: async (path, init) => {
      const answer = await runtime.fetch(new Request(`http://host.test${path}`, init));
      return [answer.status, await answer.text()];
    },
    status: (plugin) => runtime.pluginStatus(plugin),
    [Symbol.asyncDispose]: () => runtime.close(),
  };
}

/** A plugin in memory that answers `/NAME` with `text`. */
export function answering(name: string, text: string, manifest: Readonly<Record<string, unknown>> = {}) {
  return inMemory(name, { start: (ctx) => ctx.http.get(`/${name}`, () => new Response(text)) }, manifest);
}

export function inMemory(
  name: string,
  definition: PluginDefinition<never>,
  { version = '1.0.0', ...manifest }: Readonly<Record<string, unknown>> = {},
) {
  return { name, version: String(version), definition, manifest };
}

/** Waits until `isSo`, at most some seconds. */
export async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 8_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await pause(5);
  }
}

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'hotswap-runtime-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Writes files, given by their paths inside `folder`. */
export async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

/** The files of a plugin's folder: its manifest, and a module around the body of `start`. */
export function pluginFiles(
  name: string,
  start: string,
  { version = '1.0.0', ...hotswap }: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, string>> {
  const manifest = { name, version, type: 'module', main: './index.js', engines: { hotswap: '^1.0.0' }, hotswap };
  return {
    [`${name}/package.json`]: JSON.stringify(manifest),
    [`${name}/index.js`]: `export default { start(ctx) { ${start} } };\n`,
  };
}
