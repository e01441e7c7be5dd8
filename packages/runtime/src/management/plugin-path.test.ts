import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { resolvePluginPath } from './plugin-path.ts';

let folder: string;
let root: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'hotswap-path-')));
  root = join(folder, 'plugins');
  await mkdir(join(root, 'greeter'), { recursive: true });
  await mkdir(join(folder, 'plugins-evil'));
  await writeFile(join(folder, 'secret.ts'), '');
});
afterEach(() => rm(folder, { recursive: true }));

test('a path inside a root is taken, relative or absolute', async () => {
  expect(await resolvePluginPath('greeter', [root])).toBe(join(root, 'greeter'));
  expect(await resolvePluginPath('./greeter/../greeter', [root])).toBe(join(root, 'greeter'));
  expect(await resolvePluginPath(join(root, 'greeter'), ['/nowhere', root])).toBe(join(root, 'greeter'));
});

test('a root may itself be a link, named either way', async () => {
  await symlink(root, join(folder, 'current'));
  const roots = [join(folder, 'current')];
  expect(await resolvePluginPath('greeter', roots)).toBe(join(root, 'greeter'));
  expect(await resolvePluginPath(join(root, 'greeter'), roots)).toBe(join(root, 'greeter'));
});

test.each(['../secret.ts', '/etc/passwd', '../plugins-evil', 'greeter/../../secret.ts', 'gre\0eter', '../missing'])(
  '%j is outside',
  async (path) => {
    await expect(resolvePluginPath(path, [root])).rejects.toMatchObject({ code: 'SOURCE_OUTSIDE_ROOT' });
  },
);

test('a link that leads out of the root is not followed, nor one on the way', async () => {
  await symlink(join(folder, 'secret.ts'), join(root, 'inner.ts'));
  await symlink(folder, join(root, 'up'));
  for (const path of ['inner.ts', 'up/secret.ts']) {
    await expect(resolvePluginPath(path, [root])).rejects.toMatchObject({ code: 'SOURCE_OUTSIDE_ROOT' });
  }
});

test('nothing is inside when there are no roots', async () => {
  await expect(resolvePluginPath(root, [])).rejects.toMatchObject({ code: 'SOURCE_OUTSIDE_ROOT' });
});

test('a path inside with nothing there is not found', async () => {
  await expect(resolvePluginPath('missing', [root])).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  await expect(resolvePluginPath('https://example.com/x.tgz', [root])).rejects.toMatchObject({
    code: 'SOURCE_NOT_FOUND',
  });
});
