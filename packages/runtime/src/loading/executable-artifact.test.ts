import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeFolder } from './describe-plugin.ts';
import { readFolderContent } from './executable-artifact.ts';

const signal = AbortSignal.timeout(20_000);

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'executable-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

test('the same files give the same digest anywhere, and another byte, name or link another one', async () => {
  const files = { 'main.py': 'print(1)', 'lib/a.py': 'a', '.git/HEAD': 'left out' };
  const digestOf = async (folder: string): Promise<string> => (await readFolderContent(folder, signal)).digest;
  const first = await folderWith(files);
  const digest = await digestOf(first);
  expect(await digestOf(await folderWith({ ...files, '.git/HEAD': 'other' }))).toBe(digest);
  expect(await digestOf(await folderWith({ ...files, 'lib/a.py': 'b' }))).not.toBe(digest);
  expect(await digestOf(await folderWith({ 'main.py': 'print(1)', 'lib/b.py': 'a' }))).not.toBe(digest);
  await symlink('/etc/passwd', join(first, 'link'));
  expect(await digestOf(first)).not.toBe(digest);
});

test('a folder with more files than a plugin has is given up, and not read for ever', async () => {
  const folder = await folderWith({ 'main.py': '', 'second.py': '', 'third.py': '' });
  await expect(readFolderContent(folder, signal, 2)).rejects.toMatchObject({
    code: 'PLUGIN_FOLDER_TOO_LARGE',
    kind: 'limit',
  });
});

test('a plugin that is a program of its own is no archive: what packs says so', async () => {
  const manifest = {
    name: 'program',
    version: '1.0.0',
    engines: { hotswap: '^1.0.0' },
    hotswap: { executable: { protocol: 'grpc', command: ['./run'] } },
  };
  const folder = await folderWith({ 'package.json': JSON.stringify(manifest), run: '' });
  await expect(describeFolder(folder)).rejects.toMatchObject({ code: 'EXECUTABLE_NOT_PACKED' });
});
