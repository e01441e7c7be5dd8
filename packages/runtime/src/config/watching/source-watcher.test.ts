import { EventEmitter, once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { watch } from 'chokidar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../host-services/system-clock.ts';
import { isIgnoredPath } from './plugin-path.ts';
import { watchSources } from './source-watcher.ts';
import type { SourceWatcher } from './source-watcher.ts';

let root: string;
let directory: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'source-watch-'));
  directory = join(root, 'plugins');
  await makePlugin('greeter');
  await writeFile(join(directory, 'single.ts'), '1');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function makePlugin(name: string, at = directory): Promise<void> {
  await mkdir(join(at, name, 'src'), { recursive: true });
  await writeFile(join(at, name, 'package.json'), '{}');
  await writeFile(join(at, name, 'src', 'index.ts'), '1');
}

interface Watch extends AsyncDisposable {
  readonly watcher: SourceWatcher;
  /** Everything told so far, such as `change greeter`. */
  readonly told: string[];
  /** Does something and waits, at most five seconds, for what is told next. */
  after(action: () => Promise<unknown>): Promise<string>;
}

async function start(): Promise<Watch> {
  const news = new EventEmitter();
  const told: string[] = [];
  const tell = (what: string) => (plugin: string) => {
    told.push(`${what} ${basename(plugin)}`);
    news.emit('news', told.at(-1));
  };
  const watcher = await watchSources({
    directory,
    clock: createSystemClock(),
    onAdd: tell('add'),
    onChange: tell('change'),
    onRemove: tell('remove'),
    onProblem: (error) => news.emit('error', error),
  });
  const after = async (action: () => Promise<unknown>): Promise<string> => {
    const next = once(news, 'news', { signal: AbortSignal.timeout(5_000) });
    await action();
    return String((await next)[0]);
  };
  return { watcher, told, after, [Symbol.asyncDispose]: () => watcher.close() };
}

describe('watched sources', () => {
  it('tell the plugin whose file was written, replaced, or deleted and made anew', async () => {
    await using watch = await start();
    const file = join(directory, 'greeter', 'src', 'index.ts');
    expect(await watch.after(() => writeFile(file, '2'))).toBe('change greeter');
    expect(
      await watch.after(async () => {
        await writeFile(`${file}.tmp`, '3');
        await rename(`${file}.tmp`, file);
      }),
    ).toBe('change greeter');
    const single = join(directory, 'single.ts');
    expect(
      await watch.after(async () => {
        await unlink(single);
        await writeFile(single, '4');
      }),
    ).toBe('change single.ts');
    expect(watch.told).toHaveLength(3);
  });

  it('tell plugins that come, as a folder or a file, and that go', async () => {
    await using watch = await start();
    expect(await watch.after(() => makePlugin('later'))).toBe('add later');
    expect(await watch.after(() => writeFile(join(directory, 'more.js'), '1'))).toBe('add more.js');
    expect(await watch.after(() => rm(join(directory, 'more.js')))).toBe('remove more.js');
    await makePlugin('moved', root);
    expect(await watch.after(() => rename(join(root, 'moved'), join(directory, 'moved')))).toBe('add moved');
    expect(await watch.after(() => rm(join(directory, 'greeter'), { recursive: true }))).toBe('remove greeter');
    expect(await watch.after(() => makePlugin('greeter'))).toBe('add greeter');
  });

  it('tell nothing of node_modules, hidden files, and what editors leave behind', async () => {
    await using watch = await start();
    const plugin = join(directory, 'greeter');
    await mkdir(join(plugin, 'node_modules', 'dep'), { recursive: true });
    for (const name of ['node_modules/dep/index.js', '.git', 'src/.index.ts.swp', 'src/index.ts~', 'src/4913']) {
      await writeFile(join(plugin, name), 'x');
    }
    await writeFile(join(directory, 'README.md'), 'x');
    expect(await watch.after(() => writeFile(join(directory, 'single.ts'), '2'))).toBe('change single.ts');
    expect(watch.told).toEqual(['change single.ts']);
  });

  it('can be narrowed to the files a plugin is built from, in its folder and outside', async () => {
    await using watch = await start();
    const plugin = join(directory, 'greeter');
    const shared = join(root, 'shared.ts');
    await writeFile(shared, '1');
    watch.watcher.watchInputs(plugin, [join(plugin, 'src', 'index.ts'), shared]);
    await writeFile(join(plugin, 'notes.txt'), 'x');
    expect(await watch.after(() => writeFile(join(directory, 'single.ts'), '2'))).toBe('change single.ts');
    expect(await watch.after(() => writeFile(shared, '2'))).toBe('change greeter');
    expect(await watch.after(() => writeFile(join(plugin, 'src', 'index.ts'), '2'))).toBe('change greeter');
    watch.watcher.watchInputs(plugin, undefined);
    expect(await watch.after(() => writeFile(join(plugin, 'notes.txt'), 'y'))).toBe('change greeter');
    expect(watch.told).toHaveLength(4);
  });

  it('may be watched before their directory exists', async () => {
    await rm(directory, { recursive: true });
    await using watch = await start();
    expect(await watch.after(() => makePlugin('first'))).toBe('add first');
  });

  it('know plugins with a scope', async () => {
    await makePlugin('@acme/pay');
    await using watch = await start();
    const save = (): Promise<void> => writeFile(join(directory, '@acme', 'pay', 'src', 'index.ts'), '2');
    expect(await watch.after(save)).toBe('change pay');
    expect(await watch.after(() => makePlugin('@acme/other'))).toBe('add other');
  });

  // One file each: chokidar tells the same file at most once in 50 ms.
  it('are told within 25 ms of a save, as a rule', { retry: 2 }, async () => {
    const files = Array.from({ length: 15 }, (_, n) => join(directory, 'greeter', 'src', `part-${n}.ts`));
    for (const file of files) await writeFile(file, '1');
    await using watch = await start();
    const latencies: number[] = [];
    for (const file of files) {
      const startedAt = performance.now();
      await watch.after(() => writeFile(file, '2'));
      latencies.push(performance.now() - startedAt);
    }
    expect(latencies.toSorted((a, b) => a - b)[7]).toBeLessThan(25);
  });

  it('that cannot be watched are reported', async () => {
    const problems: Error[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    await using _ = await watchSources({
      directory,
      clock: createSystemClock(),
      onAdd: () => {},
      onChange: () => {},
      onRemove: () => {},
      onProblem: (error) => {
        problems.push(error);
        resolve();
      },
      watch: (paths, options) => {
        const watcher = watch(paths, options);
        watcher.once('ready', () => watcher.emit('error', new Error('no more watches')));
        return watcher;
      },
    });
    await promise;
    expect(problems[0]).toMatchObject({
      code: 'WATCH_FAILED',
      message: expect.stringContaining('no more watches') as string,
    });
  });
});

describe('a path', () => {
  it.each([
    ['greeter/src/index.ts', false],
    ['greeter/package.json', false],
    ['greeter/node_modules/x/y.js', true],
    ['greeter/.cache/x', true],
    ['greeter/#index.ts#', true],
    ['greeter/index.ts.swp', true],
    ['', false],
  ])('%j is ignored: %s', (path, expected) => {
    expect(isIgnoredPath(path)).toBe(expected);
  });
});
