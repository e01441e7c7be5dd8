import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const isAble = ((): boolean => {
  try {
    execFileSync('bwrap', ['--version'], { stdio: 'ignore' });
    return process.platform === 'linux';
  } catch {
    return false;
  }
})();
const title = `hotswap sandbox exec${isAble ? '' : ' (skipped: needs Linux and bubblewrap)'}`;
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
/** What an ordinary user cannot have. */
const allowed = process.getuid?.() === 0 ? [] : ['--allow-missing', 'user', '--allow-missing', 'cgroup'];
const longestMs = 20_000;

describe.skipIf(!isAble && process.env['CI'] !== 'true')(title, () => {
  /** As `mktemp -d` makes it: closed to other users. */
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'exec-'))));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const script = async (name: string, source: string): Promise<string> => {
    await writeFile(join(folder, name), source);
    return name;
  };
  const start = (args: readonly string[]): ChildProcess =>
    spawn(process.execPath, ['--conditions=@hotswap/source', main, 'sandbox', 'exec', ...allowed, ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], NO_COLOR: '1', A_SECRET: 'x' },
      signal: AbortSignal.timeout(longestMs),
    });
  const run = async (args: readonly string[], input = ''): Promise<Ended> => {
    const child = start(args);
    const { stdin, stdout, stderr } = streamsOf(child);
    stdin.end(input);
    const [out, err, [code, signal]] = await Promise.all([text(stdout), text(stderr), once(child, 'close')]);
    return { out, err, code: code as number | null, signal: signal as string | null };
  };

  it.each([
    ['an ES module', 'a.mjs', `import { argv } from 'node:process'; console.log(argv.slice(2).join());`],
    ['a CommonJS file', 'a.cjs', `console.log(require('node:process').argv.slice(2).join());`],
    ['TypeScript', 'a.ts', `const all: readonly string[] = process.argv; console.log(all.slice(2).join());`],
  ])('runs %s, with what stands after it', async (_, name, source) => {
    const { out, code } = await run([await script(name, source), '--memory', 'all of it']);
    expect([out, code]).toEqual(['--memory,all of it\n', 0]);
  });

  it('passes standard input, output, error and the exit code through', async () => {
    const name = await script(
      'echo.mjs',
      `for await (const chunk of process.stdin) process.stdout.write('got ' + chunk);
       console.error('done', process.env.A_SECRET); process.exitCode = 7;`,
    );
    expect(await run([name], 'a line\n')).toMatchObject({ out: 'got a line\n', err: 'done undefined\n', code: 7 });
  });

  it('passes signals on, and dies as the script does', async () => {
    const patient = start([
      await script(
        'patient.cjs',
        `process.on('SIGTERM', () => process.exit(3)); setInterval(() => {}, 1e6); console.log();`,
      ),
    ]);
    await once(streamsOf(patient).stdout, 'data');
    patient.kill('SIGTERM');
    expect(await once(patient, 'exit')).toEqual([3, null]);

    const plain = start([await script('plain.cjs', `setInterval(() => {}, 1e6); console.log();`)]);
    await once(streamsOf(plain).stdout, 'data');
    plain.kill('SIGINT');
    expect(await once(plain, 'exit')).toEqual([null, 'SIGINT']);
  });

  it('prints the result alone on standard output where that is to be JSON', async () => {
    const { out, err } = await run(['--json', await script('say.cjs', `console.log('said'); process.exit(2);`)]);
    const result = JSON.parse(out) as { exit: object; layers: readonly { layer: string }[] };
    expect(result.exit).toEqual({ code: 2, signal: null, cause: 'exit', detail: 'it exited with code 2' });
    expect(result.layers.map(({ layer }) => layer)).toContain('seccomp');
    expect(err).toContain('said\n');
  });

  it('says what confines the script when it is asked, and what does not in any case', async () => {
    const name = await script('nothing.cjs', '');
    expect((await run(['--report', name])).err).toMatch(/used\s+seccomp/);
    const { err, code } = await run(['--without', 'guard', name]);
    expect([err, code]).toEqual([expect.stringMatching(/^off\s+guard/m), 0]);
  });

  it('reads folders that are closed to others, and writes one', async () => {
    const [read, work] = [join(folder, 'read'), join(folder, 'work')];
    await Promise.all([mkdir(read, { mode: 0o700 }), mkdir(work, { mode: 0o700 })]);
    await writeFile(join(read, 'named'), 'text', { mode: 0o600 });
    const name = await script(
      'copy.mjs',
      `import { copyFileSync } from 'node:fs'; copyFileSync('${read}/named', '${work}/copy');`,
    );
    const { code, err } = await run(['--read', 'read', '--work', 'work', name]);
    expect([code, err]).toEqual([0, '']);
    expect(await readFile(join(work, 'copy'), 'utf8')).toBe('text');
  });

  it('ends what runs too long or needs too much, and says so', async () => {
    const late = await run(['--time', '300ms', await script('loop.cjs', 'for (;;);')]);
    expect(late).toMatchObject({ signal: 'SIGKILL', err: expect.stringContaining('longer than 300ms') as string });
    const full = await script('full.cjs', `require('node:fs').writeFileSync('/tmp/x', Buffer.alloc(9e6));`);
    expect((await run(['--disk', '4M', full])).err).toMatch(/ENOSPC|EFBIG/);
    expect((await run(['--disk', '64M', full])).code).toBe(0);
  });

  it.runIf(allowed.length === 0)('ends what needs more memory than it may, and says so', async () => {
    const name = await script('more.cjs', 'const kept = []; for (;;) kept.push(Buffer.alloc(4e6, 1));');
    const { signal, err } = await run(['--memory', '96M', name]);
    expect([signal, err]).toEqual(['SIGKILL', expect.stringContaining('96 MB of memory')]);
  });

  it.each([
    [['--memory', 'lots'], '--memory takes a size'],
    [['--disk', '0M'], '--disk takes a size'],
    [['--time', 'soon'], '--time takes a duration'],
    [['--processes', 'many'], '--processes takes a number'],
    [['--without', 'luck'], '--without takes one of user'],
    [['--allow-net', 'somewhere'], 'names nothing that can be reached'],
    [['--read', 'nowhere'], 'no such file or directory'],
  ])('refuses %j before anything runs', async (flags, said) => {
    const { code, err, out } = await run([...flags, await script('never.cjs', `console.log('ran')`)]);
    expect([code, out, err]).toEqual([2, '', expect.stringContaining(said)]);
  });

  it('refuses a script that is not there, and one that is none', async () => {
    for (const name of ['nowhere.mjs', '.']) expect((await run([name])).err).toContain('SCRIPT_UNREADABLE');
  });

  it('tells a script that imports its neighbours what to do', async () => {
    await script('neighbour.mjs', 'export const name = "ada";');
    const name = await script('imports.mjs', `import { name } from './neighbour.mjs'; console.log(name);`);
    const { code, err } = await run([name]);
    expect([code, err]).toEqual([1, expect.stringContaining(`--read ${folder}`)]);
    expect(await run(['--read', '.', name])).toMatchObject({ out: 'ada\n', code: 0 });
  });

  it('answers what asks the kernel for networks, of which there are none', async () => {
    const name = await script(
      'networks.mjs',
      `import os, { networkInterfaces } from 'node:os'; console.log(JSON.stringify([networkInterfaces(), os.networkInterfaces()]));`,
    );
    expect(await run([name])).toMatchObject({ out: '[{},{}]\n', code: 0 });
  });
});

interface Ended {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
  readonly signal: string | null;
}

type Streams = Pick<ReturnType<typeof spawn>, 'stdin' | 'stdout' | 'stderr'>;

function streamsOf({ stdin, stdout, stderr }: ChildProcess): { [Name in keyof Streams]: NonNullable<Streams[Name]> } {
  if (stdin === null || stdout === null || stderr === null) throw new Error('a command has streams');
  return { stdin, stdout, stderr };
}
