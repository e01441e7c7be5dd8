import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRuntime, type Runtime } from '@hotswap/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeEachLevel, type Level } from './each-level.ts';
import { writePlugin } from './plugin-folder.ts';

/** A plugin with a real addon, which also tries to get another one in. */
const writeChecksums = (parent: string, name: string, capabilities: object): Promise<string> =>
  writePlugin(parent, {
    name,
    packages: ['@node-rs/crc32'],
    imports: `import { crc32, crc32c } from '@node-rs/crc32';`,
    start: `
      const codeOf = (work) => { try { return work(); } catch ({ code }) { return code; } };
      const any = require;
      ctx.methods.handle('answer', () => [crc32('hello'), crc32c(Buffer.from('123456789'))]);
      ctx.methods.handle('others', () => [
        codeOf(() => process.dlopen({ exports: {} }, '/tmp/other.node')),
        codeOf(() => any('/tmp/other.node')),
      ]);`,
    hotswap: { capabilities },
  });
const answer = [907_060_870, 0xe306_9283];
const addon = 'node_modules/@node-rs/crc32/node_modules/@node-rs/crc32-linux-x64-gnu/crc32.linux-x64-gnu.node';

describeEachLevel('a native addon', ['sandbox', 'container'], (level) => {
  it('works, through swaps, and is the only one that is let in', async () => {
    await using host = await running(level);
    const folder = await writeChecksums(level.folder(), 'checksums', { native: true });
    expect((await host.runtime.load(folder)).reason).toBeUndefined();
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await host.runtime.invoke('checksums', 'answer')).toEqual(answer);
      expect((await host.runtime.reload('checksums')).outcome).toBe('swapped');
    }
    expect(await host.runtime.invoke('checksums', 'others')).toEqual(['NATIVE_ADDON_REFUSED', 'REQUIRE_REFUSED']);
    expect(await host.runtime.promote('checksums', 'strict')).toMatchObject({
      reason: { code: 'NATIVE_NEEDS_CONFINEMENT' },
    });
    expect(await host.runtime.invoke('checksums', 'answer')).toEqual(answer);
  });
});

describeEachLevel('a native addon', ['sandbox'], (level) => {
  it('that was exchanged is another plugin, and the one before is not started with it', async () => {
    await using host = await running(level);
    const folder = await writeChecksums(level.folder(), 'changing', { native: true });
    expect((await host.runtime.load(folder)).reason).toBeUndefined();
    const digestOf = () => host.runtime.pluginStatus('changing').generations.at(-1)?.digest;
    const digest = digestOf();
    await appendFile(join(folder, addon), '\0');
    expect((await host.runtime.reload('changing')).reason).toBeUndefined();
    expect(digestOf()).not.toBe(digest);
    expect(await host.runtime.invoke('changing', 'answer')).toEqual(answer);
    expect((await host.runtime.rollback('changing')).reason).toMatchObject({ code: 'NATIVE_ADDON_CHANGED' });
    expect(await host.runtime.invoke('changing', 'answer')).toEqual(answer);
  });

  it('is refused where the operator allows none', async () => {
    const folder = await writeChecksums(level.folder(), 'unwanted', { native: true });
    const config = join(level.folder(), 'closed.toml');
    await writeFile(
      config,
      '[plugins]\nautoLoad = false\n[plugins.security]\nverifySignatures = false\nallowNative = false\n',
    );
    await using host = await running(level, { config });
    expect((await host.runtime.load(folder)).reason).toMatchObject({ code: 'NATIVE_NOT_ALLOWED' });
  });

  it('and its plugin share no process with one that may load none', async () => {
    const config = join(level.folder(), 'shared.toml');
    const shared = ['one', 'two'].map((name) => `[plugins.${name}]\nshareProcess = "group"`).join('\n');
    await writeFile(config, `[plugins]\nautoLoad = false\n[plugins.security]\nverifySignatures = false\n${shared}\n`);
    await using host = await running(level, { config });
    const one = await writeChecksums(level.folder(), 'one', { native: true });
    const two = await writePlugin(level.folder(), { name: 'two', start: '' });
    expect((await host.runtime.load(one)).reason).toBeUndefined();
    expect((await host.runtime.load(two)).reason).toMatchObject({ code: 'PROCESS_NOT_SHAREABLE' });
  });
});

describe('a native addon, at a level that contains none', () => {
  let folder: string;
  let runtime: Runtime;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'native-'));
  });
  afterEach(async () => {
    await runtime.close();
    await rm(folder, { recursive: true });
  });

  it.each(['none', 'basic', 'strict'] as const)('is refused: %s', async (isolation) => {
    runtime = await createRuntime({ isolation, log: silent, environment: {}, guardProcess: false }).start();
    const plugin = await writeChecksums(folder, 'checksums', { native: true });
    expect((await runtime.load(plugin)).reason).toMatchObject({
      code: 'NATIVE_NEEDS_CONFINEMENT',
      details: { level: isolation },
    });
  });
});

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

async function running(level: Level, options: Parameters<Level['run']>[0] = {}) {
  const runtime = await level.run(options);
  return { runtime, [Symbol.asyncDispose]: () => runtime.close() };
}
