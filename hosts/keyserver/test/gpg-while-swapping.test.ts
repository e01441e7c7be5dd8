import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SwapReport } from '@hotswap/runtime';
import { expect, onTestFinished, test } from 'vitest';
import { GpgHome, skipsWithoutGpg } from './gpg-home.ts';
import type { GpgResult } from './gpg-home.ts';
import { runServer } from './running-server.ts';
import type { RunningServer } from './running-server.ts';

const repository = join(import.meta.dirname, '../../..');

/** The antiabuse plugin as it is, and as a later version of it that words one description differently. */
async function twoVersions(): Promise<readonly [string, string]> {
  const folder = await mkdtemp(join(tmpdir(), 'antiabuse-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'));
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  for (const copy of [one, two]) await cp(join(repository, 'plugins/antiabuse'), copy, { recursive: true });
  await replaceIn(join(two, 'package.json'), '"version": "1.0.0"', '"version": "1.0.1"');
  await replaceIn(join(two, 'src/index.ts'), 'Requests that were judged,', 'Requests judged,');
  return [one, two];
}

async function replaceIn(file: string, before: string, after: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  expect(text).toContain(before);
  await writeFile(file, text.replace(before, after));
}

/** Swaps the plugin to one version and back until it is told to stop, at least `atLeast` times. */
async function swapInTurn({ server }: RunningServer, folders: readonly string[], stop: AbortSignal, atLeast: number) {
  const reports: SwapReport[] = [];
  const versions = new Set<string | undefined>();
  while (!stop.aborted || reports.length < atLeast) {
    const folder = folders[(reports.length + 1) % folders.length]!;
    reports.push(await server.runtime.swap('antiabuse', folder));
    versions.add(server.runtime.pluginStatus('antiabuse').version);
  }
  return { reports, versions };
}

async function person(running: RunningServer): Promise<GpgHome> {
  const home = await GpgHome.create(running.port);
  onTestFinished(() => home[Symbol.asyncDispose]());
  return home;
}

/** All that people do with a key server, over the whole life of a key. */
async function useKeyServer(ada: GpgHome, bob: GpgHome, eve: GpgHome) {
  const fingerprint = await ada.makeKey('Ada <ada@example.org>');
  const results: Record<string, GpgResult> = {};
  results['send'] = await ada.run('--send-keys', fingerprint);
  results['search'] = await bob.run('--with-colons', '--search-keys', 'ada@example.org');
  results['receive'] = await bob.run('--recv-keys', fingerprint);
  results['locate'] = await eve.run('--auto-key-locate', 'clear,keyserver', '--locate-keys', 'ada@example.org');
  const before = await bob.validity(fingerprint);
  results['revoke'] = await ada.revoke(fingerprint);
  results['send the revocation'] = await ada.run('--send-keys', fingerprint);
  results['refresh'] = await bob.run('--refresh-keys');
  return { fingerprint, results, before, after: await bob.validity(fingerprint) };
}

test.skipIf(skipsWithoutGpg())(
  'serves all that gpg does while the antiabuse plugin is swapped without a pause',
  { timeout: 90_000 },
  async () => {
    await using running = await runServer();
    const { runtime } = running.server;
    const folders = await twoVersions();
    await runtime.load(folders[0]);
    const [ada, bob, eve] = [await person(running), await person(running), await person(running)];

    const stop = new AbortController();
    const [{ reports, versions }, seen] = await Promise.all([
      swapInTurn(running, folders, stop.signal, 21),
      useKeyServer(ada, bob, eve).finally(() => stop.abort()),
    ]);

    const statuses = Object.entries(seen.results).map(([command, { status, stderr }]) => [command, status, stderr]);
    expect(statuses.filter(([, status]) => status !== 0)).toEqual([]);
    expect(seen.results['search']?.stdout).toContain(`pub:${seen.fingerprint}:22:`);
    expect([await bob.fingerprints(), await eve.fingerprints()]).toEqual([[seen.fingerprint], [seen.fingerprint]]);
    expect([seen.before, seen.after]).toEqual([expect.not.stringMatching('r'), 'r']);

    expect(reports.length).toBeGreaterThan(20);
    expect(reports.filter(({ outcome }) => outcome !== 'swapped')).toEqual([]);
    expect(versions).toEqual(new Set(['1.0.0', '1.0.1']));
    // It stood in front of every request, and let all of them pass.
    expect(runtime.metrics()).toMatch(/antiabuse_requests_total\{.*verdict="allowed".*\} [1-9]/);
    expect(runtime.metrics()).not.toContain('verdict="refused"');
  },
);
