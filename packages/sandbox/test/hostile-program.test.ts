import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSandbox, type Sandbox } from '@hotswap/sandbox';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SandboxUsers } from '../src/surroundings/sandbox-user.ts';
import { finish, makeOpenFolder, processesOf, Scripts, uidOf } from './confined-script.ts';

const isAble = process.platform === 'linux' && process.getuid?.() === 0;
const hasCompiler = ((): boolean => {
  try {
    execFileSync('gcc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
const mustRun = process.env['CI'] === 'true';
const title = `a program that means harm${isAble ? '' : ' (skipped: needs Linux and root)'}`;
const needsCompiler = hasCompiler ? '' : ' (skipped: needs gcc)';

describe.skipIf(!isAble && !mustRun)(title, () => {
  let sandbox: Sandbox;
  let scripts: Scripts;
  let folder: string;
  beforeAll(async () => {
    sandbox = await createSandbox();
    scripts = await Scripts.create(sandbox);
  });
  afterAll(() => scripts.remove());
  beforeEach(async () => (folder = await makeOpenFolder()));
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it.skipIf(!hasCompiler && !mustRun)(
    `is ended as a whole also where only its group holds it, and however fast it starts others${needsCompiler}`,
    async () => {
      const file = join(folder, 'fork-bomb');
      execFileSync('gcc', ['-O2', '-o', file, join(import.meta.dirname, 'fixtures/fork-bomb.c')]);
      // Without a namespace of its own nothing but the group knows all of it.
      const confined = await sandbox.launch({
        program: { type: 'executable', file },
        without: ['namespaces', 'seccomp', 'temp-folder'],
        limits: { processes: 100, cpuPercent: 400 },
      });
      await once(confined.stdout, 'data');
      const uid = await uidOf(confined.pid).catch(() => undefined);
      await confined.kill();
      if (uid !== undefined) expect(await processesOf(uid)).toEqual([]);
      expect(await processesNamed(file)).toEqual([]);
    },
  );

  it('does not trick its host into giving away a file while its work folder changes hands', async () => {
    const [work, beside] = [join(folder, 'work'), join(folder, 'beside')];
    await Promise.all([mkdir(work), mkdir(beside)]);
    await writeFile(join(beside, 'file'), '');
    // A folder and a link to another one take turns under one name, as fast as it goes.
    const racer = await scripts.launch(
      `const fs = require('node:fs');
       fs.mkdirSync('${work}/folder'); fs.writeFileSync('${work}/folder/file', '');
       fs.symlinkSync('${beside}', '${work}/link'); fs.symlinkSync('${beside}/file', '${work}/folder/link');
       console.log('up');
       for (;;) {
         fs.renameSync('${work}/folder', '${work}/x'); fs.renameSync('${work}/link', '${work}/folder');
         fs.renameSync('${work}/folder', '${work}/link'); fs.renameSync('${work}/x', '${work}/folder');
       }`,
      { work, without: ['permission-model'], limits: { cpuPercent: 100 } },
    );
    await once(racer.stdout, 'data');
    // So that it goes on while the folder is somebody else's.
    await chmod(work, 0o777);
    const owners: number[] = [];
    for (const _ of Array.from({ length: 100 })) {
      const user = await new SandboxUsers().take(work);
      await user.release();
      for (const path of [beside, join(beside, 'file')]) owners.push((await stat(path)).uid);
    }
    expect(await racer.kill()).toMatchObject({ cause: 'killed' });
    expect(new Set([...owners, (await stat(work)).uid])).toEqual(new Set([0]));
  });

  it('leaves no program behind that would run with the rights of its host', async () => {
    const work = join(folder, 'work');
    await mkdir(work);
    const confined = await sandbox.launch({
      program: {
        type: 'executable',
        file: '/bin/sh',
        args: ['-c', `cp /bin/sh ${work}/sh; chmod 6755 ${work}/sh; ls -l ${work}/sh`],
      },
      read: ['/bin/cp', '/bin/chmod', '/bin/ls', ...(await librariesOf('/bin/cp', '/bin/ls'))],
      work,
    });
    const { stdout, stderr } = await finish(confined);
    expect(stdout, stderr).not.toBe('');
    const { uid, mode } = await stat(join(work, 'sh'));
    expect([uid, mode & 0o6000]).toEqual([0, 0]);
  });

  it('cannot use what it holds of its host: three streams, and nothing else', async () => {
    await chmod(folder, 0o755);
    const open = await scripts.look<string[]>(
      `fs.readdirSync('/proc/self/fd').map((name) => attempt(() => fs.readlinkSync('/proc/self/fd/' + name)))`,
      { without: ['permission-model', 'guard'] },
    );
    const outside = open.filter((link) => !/^(socket:|pipe:|anon_inode:|\/dev\/null$|\/proc\/|ENOENT$)/.test(link));
    expect(outside).toEqual([]);
  });
});

async function librariesOf(...programs: readonly string[]): Promise<readonly string[]> {
  const texts = programs.map((program) => execFileSync('ldd', [program], { encoding: 'utf8' }));
  return [...new Set(texts.flatMap((text) => [...text.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path)))];
}

async function processesNamed(file: string): Promise<readonly string[]> {
  const pids = execFileSync('ls', ['/proc'], { encoding: 'utf8' })
    .split('\n')
    .filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return commands.filter((command) => command.includes(file));
}
