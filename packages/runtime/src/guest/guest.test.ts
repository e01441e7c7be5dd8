import type { PluginDefinition } from '@hotswap/sdk';
import { describe, expect, it } from 'vitest';
import { Guest } from './guest.ts';
import { silentLog } from '../host-services/logging/silent-log.ts';
import type { HostServices } from '../host-services/host-services.ts';
import type { Program } from '../loading/artifact.ts';

const limit = new AbortController().signal;
const ending = new Error('replaced');
const sockets = { send: () => {}, close: () => {}, attach: () => {}, buffered: () => 0 };

async function start(guest: Guest, program: Program | PluginDefinition): Promise<void> {
  const registered: unknown[] = [];
  await guest.load({
    manifest: { name: 'a', version: '1.0.0', description: '', main: 'x', engines: { hotswap: '*' } },
    generation: 1,
    program: 'start' in program ? { type: 'definition', definition: program } : program,
    config: {},
    services: { log: silentLog, fetch: async () => new Response() } as unknown as HostServices,
    host: {
      register: (registration) => void registered.push(registration),
      fault: () => {},
      bound: (fn) => async (input) => fn(input as never),
      sockets,
    },
  });
  await guest.start(undefined);
}

const text = (body: string): Program => ({ type: 'text', body, sourceMap: undefined, file: '/plugins/a.js' });

describe('starting', () => {
  it('evaluates text anew for each generation, the factory form too', async () => {
    const counts = text(
      'let n = 0; return { createPlugin: () => ({ start() { if (++n > 1) throw new Error("shared"); } }) };',
    );
    await start(new Guest(), counts);
    await start(new Guest(), counts);
  });

  it('fails with what the plugin threw, and says what is missing when there is no plugin', async () => {
    const broken = { start: async () => Promise.reject(new Error('no')) };
    await expect(start(new Guest(), broken)).rejects.toThrow('no');
    await expect(start(new Guest(), text('return { other: 1 };'))).rejects.toMatchObject({
      code: 'PLUGIN_EXPORT_MISSING',
    });
  });

  it('takes down at once what comes up after it was given up', async () => {
    const guest = new Guest();
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    let stopped = 0;
    const starting = start(guest, {
      start: async () => {
        begun.resolve();
        await promise;
        return { stop: () => void stopped++ };
      },
    });
    await begun.promise;
    expect(await guest.stop(ending, limit)).toEqual([]);
    resolve();
    await starting;
    expect(stopped).toBe(1);
  });
});

describe('health', () => {
  it.each([
    [undefined, { status: 'healthy' }],
    ['unhealthy', { status: 'unhealthy' }],
    [
      { status: 'unhealthy', reason: 'no disk' },
      { status: 'unhealthy', reason: 'no disk' },
    ],
  ] as const)('%j means %j', async (said, expected) => {
    const guest = new Guest();
    await start(guest, { start: () => ({ health: () => said as 'healthy' }) });
    expect(await guest.health()).toEqual(expected);
  });

  it('is good for a plugin that has no check', async () => {
    const guest = new Guest();
    await start(guest, { start() {} });
    expect(await guest.health()).toEqual({ status: 'healthy' });
  });
});

describe('stopping', () => {
  it('aborts the signal, asks the plugin, then undoes the rest last first', async () => {
    const guest = new Guest();
    const seen: string[] = [];
    await start(guest, {
      start(ctx) {
        ctx.signal.addEventListener('abort', () => seen.push(`signal: ${(ctx.signal.reason as Error).message}`));
        ctx.defer('one', () => void seen.push('one'));
        ctx.defer('two', () => void seen.push('two'));
        return { stop: async () => void seen.push('stop') };
      },
    });
    expect(guest.resources()).toEqual({ deferred: 2 });
    expect(await guest.stop(ending, limit)).toEqual([]);
    expect(seen).toEqual(['signal: replaced', 'stop', 'two', 'one']);
    expect(guest.resources()).toEqual({});
  });

  it("undoes everything all the same when the plugin's own stop throws, or never ends", async () => {
    for (const stop of [() => Promise.reject(new Error('no')), () => new Promise<void>(() => {})]) {
      const guest = new Guest();
      let isUndone = false;
      await start(guest, {
        start(ctx) {
          ctx.defer('rest', () => void (isUndone = true));
          return { stop };
        },
      });
      const failures = await guest.stop(ending, AbortSignal.timeout(20));
      expect(failures.map(({ kind }) => kind)).toEqual(['stop']);
      expect(isUndone).toBe(true);
    }
  });

  it('is quiet when the plugin never started', async () => {
    expect(await new Guest().stop(ending, limit)).toEqual([]);
  });
});
