import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RuntimeStatus } from '@hotswap/runtime';
import { layerNames } from '@hotswap/sandbox';
import { expect, it } from 'vitest';
import { answering, pluginFiles, run, temporaryFolder, write } from './running-runtime.ts';
import { describeSandbox, sandboxHost } from './sandbox-host.ts';

/** What a host says of its one plugin. */
interface Told extends Pick<RuntimeStatus, 'notices' | 'sandbox'> {
  readonly outcome: string;
  readonly reason: { readonly code: string; readonly message: string } | undefined;
  readonly missingLayers: readonly string[];
}

/** A host of its own, which finds no program outside Node: there is no bubblewrap for it. */
async function onHostWithoutBubblewrap(plugin: string, allowMissing: readonly string[]): Promise<Told> {
  const entry = fileURLToPath(new URL('fixtures/sandbox-host.ts', import.meta.url));
  const args = ['--conditions=@hotswap/source', entry, plugin, ...allowMissing];
  const { promise, resolve, reject } = Promise.withResolvers<Told>();
  const child = execFile(process.execPath, args, { env: { PATH: '/nowhere' }, timeout: 20_000 }, (error) =>
    reject(error ?? new Error('it ended and said nothing')),
  );
  child.stdout?.once('data', (text: Buffer | string) => {
    resolve(JSON.parse(String(text)));
    child.kill('SIGKILL');
  });
  return promise;
}

it('a layer that the host lacks refuses the plugin, and says which, why and what to do', async () => {
  await using folder = await temporaryFolder();
  await write(folder.path, pluginFiles('confined', ''));
  const told = await onHostWithoutBubblewrap(join(folder.path, 'confined'), []);
  expect(told).toMatchObject({ outcome: 'failed', reason: { code: 'ISOLATION_LAYER_MISSING' } });
  expect(told.reason?.message).toMatch(/namespaces/);
  expect(told.reason?.message).toMatch(/allowMissing/);
});

it('a layer that operators allow to be missing is named in status', async () => {
  await using folder = await temporaryFolder();
  await write(folder.path, pluginFiles('confined', ''));
  const told = await onHostWithoutBubblewrap(join(folder.path, 'confined'), layerNames);
  expect(told).toMatchObject({ outcome: 'swapped' });
  expect(told.missingLayers).toContain('namespaces');
  expect(told.notices).toContainEqual(expect.stringMatching(/without namespaces/));
});

it('nothing of the sandbox is looked at for plugins that do not ask for it', async () => {
  await using host = await run();
  await host.runtime.load(answering('plain', 'hello'));
  expect(host.runtime.status()).toMatchObject({ sandbox: undefined, processes: { alive: 0, spares: 0, stuck: [] } });
});

it('a diagnosis says of each layer whether this host has it', async () => {
  await using host = await run();
  const { checks } = await host.runtime.diagnose();
  const layers = checks.filter(({ id }) => id.startsWith('sandbox-'));
  expect(layers.map(({ id }) => id.slice('sandbox-'.length))).toEqual(layerNames);
});

describeSandbox('status', () => {
  it('names what a confined plugin stands behind', async () => {
    await using folder = await temporaryFolder();
    await write(folder.path, pluginFiles('confined', '', { isolation: 'sandbox' }));
    const { allowMissing } = sandboxHost;
    await using host = await run({ allowMissing, limits: { spares: 0 } });
    await host.runtime.load(join(folder.path, 'confined'));
    const { sandbox, processes } = host.runtime.status();
    expect(sandbox?.layers.map(({ layer }) => layer)).toEqual(layerNames);
    expect(processes).toMatchObject({ alive: 1, stuck: [] });
    expect(host.status('confined')).toMatchObject({ isolation: 'sandbox', missingLayers: allowMissing });
  });
});
