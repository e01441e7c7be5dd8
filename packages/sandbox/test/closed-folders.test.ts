import { execFileSync } from 'node:child_process';
import {
  chmod,
  chown,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSandbox } from '@hotswap/sandbox';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Scripts } from './confined-script.ts';

const isAble = process.platform === 'linux' && process.getuid?.() === 0;
const title = `folders that other users cannot enter${isAble ? '' : ' (skipped: needs Linux and root)'}`;
/** So that what stands outside Node can be seen. */
const outside = { without: ['permission-model', 'guard'] } as const;

describe.skipIf(!isAble && process.env['CI'] !== 'true')(title, () => {
  let scripts: Scripts;
  /** Root's alone, as any temp folder is. */
  let closed: string;
  const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

  beforeAll(async () => (scripts = await Scripts.create(await createSandbox())));
  afterAll(() => scripts.remove());
  beforeEach(async () => (closed = await mkdtemp(join(tmpdir(), 'closed-'))));
  afterEach(() => rm(closed, { recursive: true, force: true }));

  it('are read where they are named, and stay as closed as they were', async () => {
    await mkdir(join(closed, 'deep'), { mode: 0o700 });
    await writeFile(join(closed, 'deep/file'), 'named', { mode: 0o600 });
    const found = await scripts.look<unknown[]>(
      `[fs.readFileSync('${closed}/deep/file', 'utf8'), attempt(() => fs.writeFileSync('${closed}/made', ''))]`,
      { read: [closed], without: ['permission-model'] },
    );
    expect(found).toEqual(['named', 'EROFS']);
    expect(await Promise.all([closed, join(closed, 'deep'), join(closed, 'deep/file')].map(modeOf))).toEqual([
      0o700, 0o700, 0o600,
    ]);
  });

  it('are written where they are the work folder, wherever that lies', async () => {
    const work = join(closed, 'deep/work');
    await mkdir(work, { recursive: true, mode: 0o700 });
    expect(await scripts.look(`attempt(() => fs.writeFileSync('${work}/made', 'inside'))`, { work })).toBe('done');
    expect(await readFile(join(work, 'made'), 'utf8')).toBe('inside');
    expect([await modeOf(work), (await stat(join(work, 'made'))).uid]).toEqual([0o700, 0]);
    expect(await scripts.look(`attempt(() => fs.writeFileSync('${closed}/made', ''))`, { work: closed })).toBe('done');
  });

  it('hold open ones that are read in place, and nothing beside them is seen', async () => {
    const [open, beside] = [join(closed, 'open'), join(closed, 'beside')];
    await Promise.all([mkdir(open), writeFile(beside, 'secret')]);
    await chmod(open, 0o755);
    await writeFile(join(open, 'large'), Buffer.alloc(70e6));
    const found = await scripts.look(
      `[fs.statSync('${open}/large').size, attempt(() => fs.readFileSync('${beside}'))]`,
      {
        ...outside,
        read: [open],
      },
    );
    expect(found).toEqual([70e6, 'ENOENT']);
    expect(execFileSync('mount', { encoding: 'utf8' })).not.toContain('shown-');
  });

  it('hold single files that can be named', async () => {
    const file = join(closed, 'file');
    await writeFile(file, 'named');
    await writeFile(join(closed, 'key'), 'named too', { mode: 0o600 });
    const look = `['file', 'key'].map((name) => fs.readFileSync('${closed}/' + name, 'utf8'))`;
    expect(await scripts.look(look, { read: [file, join(closed, 'key')] })).toEqual(['named', 'named too']);
  });

  it('may hold the program itself', async () => {
    const sandbox = await createSandbox();
    const file = join(closed, 'program');
    await copyFile('/bin/sh', file);
    const { exited } = await sandbox.launch({ program: { type: 'executable', file, args: ['-c', 'exit 5'] } });
    expect(await exited).toMatchObject({ code: 5 });
  });

  it('lead nowhere else by links, and nothing of them is shown that somebody else has closed', async () => {
    const secret = join(scripts.folder, 'secret');
    const theirs = join(closed, 'theirs');
    await writeFile(secret, 'secret', { mode: 0o600 });
    await writeFile(theirs, 'secret', { mode: 0o600 });
    await chown(theirs, 4711, 4711);
    await Promise.all([
      symlink(secret, join(closed, 'link')),
      symlink(scripts.folder, join(closed, 'way')),
      link(theirs, join(closed, 'name')),
    ]);
    const look = `['link', 'way/secret', 'name', 'theirs'].map((name) => attempt(() => fs.readFileSync('${closed}/' + name, 'utf8')))`;
    expect(await scripts.look(look, { ...outside, read: [closed] })).toEqual(Array.from({ length: 4 }, () => 'ENOENT'));
  });

  it('may hold pipes and devices, which nobody waits for', async () => {
    execFileSync('mkfifo', [join(closed, 'pipe')]);
    execFileSync('mknod', [join(closed, 'device'), 'b', '7', '0']);
    await writeFile(join(closed, 'file'), '');
    expect(await scripts.look(`fs.readdirSync('${closed}')`, { read: [closed] })).toEqual(['file']);
  });

  it('are refused when a link leads to them, or when they are too much to copy', async () => {
    const way = join(scripts.folder, 'way');
    await symlink(closed, way);
    await expect(scripts.launch('', { read: [way] })).rejects.toThrow(`name it ${closed}`);
    execFileSync('truncate', ['--size', '1T', join(closed, 'huge')]);
    await expect(scripts.launch('', { read: [closed] })).rejects.toThrow(/too much to show a copy.*chmod o\+rX/);
  });

  it('leave no copies behind', async () => {
    await writeFile(join(closed, 'a-name-of-its-own'), '');
    await scripts.look(`fs.readdirSync('${closed}')`, { read: [closed] });
    const kept = (await readdir(tmpdir())).filter(
      (name) => name.startsWith('hotswap-') && name.includes(`${process.pid}`),
    );
    expect(kept).toEqual([]);
  });
});
