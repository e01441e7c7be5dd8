import { EventEmitter, on, once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../host-services/system-clock.ts';
import type { ParsedConfig } from '../runtime-config.ts';
import { watchConfig } from './config-watcher.ts';
import type { ConfigWatcher } from './config-watcher.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-watch-'));
  file = join(folder, 'hotswap.toml');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const bindTo = (port: number): string => `[server]\nbind = ":${port}"\n`;

/** A watcher whose next callback can be awaited, at most five seconds. */
async function start(text: string): Promise<{
  watcher: ConfigWatcher;
  next(): Promise<string>;
  /** Everything it says up to this. */
  all(last: string): Promise<readonly string[]>;
}> {
  const heard = new EventEmitter();
  const watcher = await watchConfig({
    file,
    text,
    format: 'toml',
    cwd: folder,
    debounceMs: 20,
    clock: createSystemClock(),
    onChange: (parsed: ParsedConfig) => heard.emit('heard', `port ${parsed.config.server.bind.port}`),
    onProblem: (error) => heard.emit('heard', 'code' in error ? error.code : error.message),
  });
  const next = async (): Promise<string> => {
    const [what] = await once(heard, 'heard', { signal: AbortSignal.timeout(5_000) });
    return String(what);
  };
  const all = async (last: string): Promise<readonly string[]> => {
    const said: string[] = [];
    for await (const [what] of on(heard, 'heard', { signal: AbortSignal.timeout(5_000) })) {
      said.push(String(what));
      if (what === last) break;
    }
    return said;
  };
  return { watcher, next, all };
}

describe('a watched config file', () => {
  it('is read again when it is written, replaced, or removed and made anew', async () => {
    await writeFile(file, bindTo(1));
    const { watcher, next, all } = await start(bindTo(1));
    await using _ = watcher;
    let heard = next();
    await writeFile(file, bindTo(2));
    expect(await heard).toBe('port 2');

    heard = next();
    await writeFile(join(folder, 'swap'), bindTo(3));
    await rename(join(folder, 'swap'), file);
    expect(await heard).toBe('port 3');

    const saved = all('port 4');
    await rm(file);
    await writeFile(file, bindTo(4));
    // On a machine that is busy between the two it may be missed for a moment.
    expect([['port 4'], ['CONFIG_UNREADABLE', 'port 4']]).toContainEqual(await saved);

    heard = next();
    await rm(file);
    expect(await heard).toBe('CONFIG_UNREADABLE');
    heard = next();
    await writeFile(file, bindTo(5));
    expect(await heard).toBe('port 5');
  });

  it('that is wrong is reported and watched on', async () => {
    await writeFile(file, bindTo(1));
    const { watcher, next } = await start(bindTo(1));
    await using _ = watcher;
    let heard = next();
    await writeFile(file, '[server');
    expect(await heard).toBe('CONFIG_SYNTAX');
    heard = next();
    await writeFile(file, '[servr]');
    expect(await heard).toBe('CONFIG_INVALID');
    heard = next();
    await writeFile(file, bindTo(2));
    expect(await heard).toBe('port 2');
  });

  it('that was changed before the watch stood is reported', async () => {
    await writeFile(file, bindTo(2));
    const heard: number[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    await using _ = await watchConfig({
      file,
      text: bindTo(1),
      format: 'toml',
      cwd: folder,
      clock: createSystemClock(),
      onChange: (parsed) => {
        heard.push(parsed.config.server.bind.port);
        resolve();
      },
      onProblem: (error) => heard.push(error.message.length),
    });
    await promise;
    expect(heard).toEqual([2]);
  });

  it('that is saved without a change is no news', async () => {
    await writeFile(file, bindTo(1));
    const { watcher, next } = await start(bindTo(1));
    await using _ = watcher;
    const heard = next();
    await writeFile(file, bindTo(1));
    await writeFile(join(folder, 'other.toml'), bindTo(8));
    await writeFile(file, bindTo(9));
    expect(await heard).toBe('port 9');
  });
});
