import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createSandbox } from '@hotswap/sandbox';
import { afterAll, describe } from 'vitest';

const examples = resolve(import.meta.dirname, '../../../examples/polyglot');
/** A plugin in Python. */
export const pythonGreeter = join(examples, 'python-greeter');
const goSources = join(examples, 'go-greeter');
const goEnvironment = { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', CGO_ENABLED: '0' };

/** Why the plugins in Python cannot run here; undefined: they can. */
export const withoutPython: string | undefined =
  spawnSync('/usr/bin/python3', ['-c', 'import grpc, cryptography']).status === 0
    ? undefined
    : 'needs python3-grpcio and python3-cryptography of Debian';

/** Why programs in Go cannot be built here. */
export const withoutGo: string | undefined =
  spawnSync('go', ['list', 'github.com/hashicorp/go-plugin'], { env: goEnvironment }).status === 0
    ? undefined
    : 'needs golang-go and golang-github-hashicorp-go-plugin-dev of Debian';

/** Why nothing can be confined here. */
export async function withoutSandbox(): Promise<string | undefined> {
  const { report } = await createSandbox();
  const missing = report.filter(({ status }) => status === 'missing').map(({ layer }) => layer);
  return missing.length === 0 ? undefined : `this host lacks ${missing.join(', ')}`;
}

/** A group of tests that is skipped, with the reason in its name, where it cannot run; in CI it must. */
export function describeUnless(why: string | undefined, name: string, body: () => void): void {
  const title = why === undefined ? name : `${name} (skipped: ${why})`;
  describe.skipIf(why !== undefined && process.env['CI'] !== 'true')(title, body);
}

/** A folder that goes with the tests of a file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'polyglot-test-'));
  // What is confined is shown to a user of its own.
  chmodSync(folder, 0o755);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Builds the plugin in Go. @returns its folder */
export function buildGoGreeter(folder: string): string {
  const plugin = join(folder, 'go-greeter');
  cpSync(goSources, plugin, { recursive: true });
  execFileSync('go', ['build', '-o', 'go-greeter', '.'], { cwd: plugin, env: goEnvironment, stdio: 'pipe' });
  return plugin;
}

/** Builds a host that is written with go-plugin. @returns its program */
export function buildGoHost(folder: string): string {
  const sources = join(folder, 'go-host');
  cpSync(join(import.meta.dirname, 'fixtures/go-host'), sources, { recursive: true });
  copyFileSync(join(goSources, 'plugin.pb.go'), join(sources, 'plugin.pb.go'));
  execFileSync('go', ['build', '-o', 'go-host', '.'], { cwd: sources, env: goEnvironment, stdio: 'pipe' });
  return join(sources, 'go-host');
}
