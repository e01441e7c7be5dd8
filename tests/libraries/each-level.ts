import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IsolationLevel } from '@hotswap/protocol';
import { createRuntime, type Runtime, type RuntimeOptions } from '@hotswap/runtime';
import { ContainerEngine } from '@hotswap/sandbox';
import { afterAll, beforeAll, describe } from 'vitest';
import { describeSandbox, sandboxHost } from '../../packages/runtime/test/sandbox-host.ts';
import { describeAnyEngine, type TestEngine } from '../../packages/sandbox/test/containers/engines.ts';

/** Where the same tests are run, once for each level. */
export interface Level {
  readonly level: IsolationLevel;
  /** A folder for plugins, gone after the tests of the level. */
  readonly folder: () => string;
  /** A started runtime whose plugins run at the level unless they are promoted. The caller closes it. */
  readonly run: (options?: RuntimeOptions) => Promise<Runtime>;
  /** What was logged since the tests of the level began, each line as JSON. */
  readonly logged: () => readonly string[];
}

/** The same tests at each level. One that this machine cannot give says so in its name and is skipped; in CI it fails. */
export function describeEachLevel(
  about: string,
  levels: readonly IsolationLevel[],
  tests: (level: Level) => void,
): void {
  for (const level of levels) registrars[level](`${about}, at level ${level}`, level, tests);
}

type Register = (title: string, level: IsolationLevel, tests: (level: Level) => void) => void;

const registerHere: Register = (title, level, tests) => describe(title, () => tests(prepare(level)));

const registrars: Readonly<Record<IsolationLevel, Register>> = {
  none: registerHere,
  basic: registerHere,
  strict: registerHere,
  sandbox: (title, level, tests) => describeSandbox(title, () => tests(prepare(level))),
  container: (title, level, tests) => describeAnyEngine(title, (start) => tests(prepare(level, start))),
};

/** The same tests with one runtime that has every level. */
export function describeEveryLevel(about: string, tests: (level: Level) => void): void {
  describeAnyEngine(about, (start) => describeSandbox('with a sandbox', () => tests(prepare('none', start))));
}

function prepare(level: IsolationLevel, start?: () => Promise<TestEngine>): Level {
  let folder = '';
  let engine: TestEngine | undefined;
  let runs = 0;
  const lines: string[] = [];
  const note = (...parts: readonly unknown[]): void => void lines.push(JSON.stringify(parts));
  const log = { debug() {}, info: note, warn: note, error: note, child: () => log };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'levels-'));
    // A confined process is a user of its own.
    await chmod(folder, 0o755);
    engine = await start?.();
    if (engine === undefined) return;
    const containers = new ContainerEngine({ command: engine.command });
    await (await containers.images()).base();
    await containers.close();
  }, 120_000);
  afterAll(async () => {
    await engine?.close();
    await rm(folder, { recursive: true });
  }, 60_000);
  return {
    level,
    folder: () => folder,
    run: async (options = {}) => {
      const config = join(folder, 'hotswap.toml');
      await writeFile(config, configFor(engine));
      const runtime = createRuntime({
        config,
        data: join(folder, `data-${++runs}`),
        isolation: level,
        allowMissing: sandboxHost.allowMissing,
        log,
        environment: {},
        guardProcess: false,
        ...options,
        limits: { spares: 0, probationMs: 0, ...options.limits },
      });
      return runtime.start();
    },
    logged: () => lines,
  };
}

function configFor(engine: TestEngine | undefined): string {
  return `[plugins]
autoLoad = false
[plugins.security]
verifySignatures = false
maxMemoryMB = 256
[plugins.security.container]
engine = ${JSON.stringify(engine?.command ?? [])}
`;
}
