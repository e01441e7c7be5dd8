import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLoader, type Loader, type LoaderOptions } from '../load-artifact.ts';
import { packPlugin } from '../pack.ts';
import { sha256 } from '../plugin-digest.ts';

const { signal } = new AbortController();
const addon = 'node_modules/fast-thing/build/fast.node';
const files = {
  'index.js': 'import fast from "fast-thing"; export default fast;',
  'node_modules/fast-thing/package.json': '{}',
  'node_modules/fast-thing/index.js': 'module.exports = require("./build/fast.node");',
  [addon]: 'one',
};
/** Everything that went into what was loaded last. */
let used: readonly string[] | undefined;
const verifier: LoaderOptions['verifier'] = {
  examine: async () => ({ source: '', content: undefined, evidence: { type: 'none' }, isOfHost: false }),
  admit: async (_, artifact, heard) => {
    used = heard;
    return artifact;
  },
};
let folder: string;
let loader: Loader;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'native-'));
  loader = createLoader({ verifier });
});
afterEach(async () => {
  await loader.close();
  await rm(folder, { recursive: true });
});

describe('a native addon', () => {
  it('is refused by the name of its package, and told what the manifest must say', async () => {
    await plugin(files, {});
    await expect(load()).rejects.toMatchObject({
      code: 'NATIVE_ADDON_REFUSED',
      details: { package: 'fast-thing' },
      message: expect.stringMatching(/capabilities: \{ native: true \}.*sandbox and container/),
    });
  });

  it('stays a file where the manifest has the capability, and the code asks for it by its path from the folder', async () => {
    await plugin(files, { native: true });
    const { program, inputs } = await load();
    const name = `./${addon}`;
    expect(program).toMatchObject({
      addons: [{ name, file: join(folder, addon), digest: sha256('one') }],
      body: expect.stringContaining(JSON.stringify(name)),
    });
    expect(program).toMatchObject({ body: expect.not.stringContaining(`"${folder}`) });
    expect(inputs).not.toContain(join(folder, addon));
  });

  it('counts in the digest, and among the files that a signature must cover', async () => {
    await plugin(files, { native: true });
    const { digest } = await load();
    expect(used).toContain(join(folder, addon));
    await plugin({ [addon]: 'two' }, { native: true });
    expect((await load()).digest).not.toBe(digest);
  });

  it('is refused from outside the folder, also with the capability', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'native-outside-'));
    await writeFile(join(outside, 'fast.node'), '');
    await plugin({ 'index.js': `import ${JSON.stringify(join(outside, 'fast.node'))};` }, { native: true });
    await expect(load()).rejects.toMatchObject({ code: 'BUILD_FILE_REFUSED' });
    await rm(outside, { recursive: true });
  });

  it('is refused again when the capability is taken away, whatever was built before', async () => {
    await plugin(files, { native: true });
    await load();
    await plugin({}, {});
    await expect(load()).rejects.toMatchObject({ code: 'NATIVE_ADDON_REFUSED' });
  });

  it('is not packed', async () => {
    await plugin(files, { native: true });
    await expect(packPlugin(folder)).rejects.toMatchObject({
      code: 'NATIVE_ADDON_NOT_PACKED',
      details: { file: join(folder, addon) },
    });
  });
});

const load = () => loader.load(folder, { signal });

async function plugin(texts: Readonly<Record<string, string>>, capabilities: object): Promise<void> {
  const about = { name: 'fast', version: '1.0.0', type: 'module', main: './index.js', engines: { hotswap: '^1.0.0' } };
  const all = { ...texts, 'package.json': JSON.stringify({ ...about, hotswap: { capabilities } }) };
  for (const [name, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}
