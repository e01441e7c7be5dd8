import { link, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SandboxUsers } from './sandbox-user.ts';

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot && process.env['CI'] !== 'true')(
  `a work folder${isRoot ? '' : ' (skipped: needs root)'}`,
  () => {
    let folder: string;
    let work: string;
    const ownerOf = async (path: string): Promise<number> => (await stat(path)).uid;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'work-'));
      work = join(folder, 'work');
      await mkdir(join(work, 'deep'), { recursive: true });
      await writeFile(join(work, 'deep/file'), '');
    });
    afterEach(() => rm(folder, { recursive: true }));

    it('belongs to the user of its sandbox, and then to its owner again', async () => {
      const user = await new SandboxUsers().take(work);
      expect(await ownerOf(join(work, 'deep/file'))).toBe(user.uid);
      await writeFile(join(work, 'made'), '');
      await user.release();
      expect(await Promise.all([work, join(work, 'deep'), join(work, 'deep/file')].map(ownerOf))).toEqual([0, 0, 0]);
    });

    it('is shared by sandboxes that use it at the same time, until the last of them has ended', async () => {
      const users = new SandboxUsers();
      const [one, two] = await Promise.all([users.take(work), users.take(work)]);
      expect(two.uid).toBe(one.uid);
      await one.release();
      expect(await ownerOf(work)).toBe(one.uid);
      const [, three] = await Promise.all([two.release(), users.take(work)]);
      expect(await ownerOf(work)).toBe(three.uid);
      await three.release();
      expect(await ownerOf(work)).toBe(0);
    });

    it('does not lead to files of the host by links', async () => {
      const outside = join(folder, 'secret');
      await writeFile(outside, '');
      await Promise.all([
        symlink(outside, join(work, 'link')),
        symlink(folder, join(work, 'way')),
        link(outside, join(work, 'name')),
      ]);
      const user = await new SandboxUsers().take(work);
      expect([await ownerOf(outside), await ownerOf(folder)]).toEqual([0, 0]);
      await user.release();
    });
  },
);
