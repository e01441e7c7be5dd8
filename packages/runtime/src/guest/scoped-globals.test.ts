import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HotResponse } from '@hotswap/protocol/http';
import type { Logger } from '@hotswap/sdk';
import { Ledger } from './ledger.ts';
import type { ModuleScope } from './compile.ts';
import { createModuleScope } from './scoped-globals.ts';

type Timers = Pick<
  typeof globalThis,
  'setTimeout' | 'setInterval' | 'setImmediate' | 'clearTimeout' | 'clearInterval' | 'clearImmediate'
>;

const noLimit = new AbortController().signal;
let ledger: Ledger;
let ending: AbortController;
let faults: [string, unknown][];
let lines: [string, unknown][];
let scope: ModuleScope;
let timers: Timers;

const logged = (level: string) => (fields: unknown) => void lines.push([level, fields]);

beforeEach(() => {
  ledger = new Ledger();
  ending = new AbortController();
  faults = [];
  lines = [];
  const log = { debug: logged('debug'), info: logged('info'), warn: logged('warn'), error: logged('error') } as Logger;
  scope = createModuleScope({
    plugin: 'a',
    ledger,
    log,
    fetch: async () => new Response('restricted'),
    fault: (where, error) => void faults.push([where, error]),
    signal: ending.signal,
  });
  timers = scope.globals as unknown as Timers;
});
afterEach(() => ledger.undoAll(noLimit));

describe('timers of a plugin', () => {
  it('leave the ledger when they fire, and hand their arguments on', async () => {
    const heard = await new Promise((resolve) => {
      timers.setTimeout((value: number) => resolve(value), 1, 7);
      expect(ledger.counts()).toEqual({ timeout: 1 });
    });
    expect(heard).toBe(7);
    await new Promise((resolve) => timers.setImmediate(resolve));
    expect(ledger.counts()).toEqual({});
  });

  it('are forgotten when they are cleared, each by its own function', () => {
    timers.clearTimeout(timers.setTimeout(() => {}, 60_000));
    timers.clearInterval(timers.setInterval(() => {}, 60_000));
    timers.clearImmediate(timers.setImmediate(() => {}));
    timers.clearTimeout(undefined);
    expect(ledger.counts()).toEqual({});
  });

  it('work with promisify, and end with the generation then too', async () => {
    expect(await promisify(timers.setTimeout)(1, 'late')).toBe('late');
    expect(await promisify(timers.setImmediate)('soon')).toBe('soon');
    const waiting = promisify(timers.setTimeout)(60_000);
    ending.abort(new Error('replaced'));
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(await scope.import('node:timers')).toHaveProperty('promises.setTimeout');
  });

  it('stand in the ledger again when they are refreshed, also after they fired', async () => {
    let fired = 0;
    const handle = await new Promise<NodeJS.Timeout>((resolve) => {
      const own = timers.setTimeout(() => {
        fired++;
        resolve(own);
      }, 1);
    });
    expect(ledger.counts()).toEqual({});
    expect(handle.refresh()).toBe(handle);
    expect(ledger.counts()).toEqual({ timeout: 1 });
    handle.refresh();
    expect(ledger.counts()).toEqual({ timeout: 1 });
    await ledger.undoAll(noLimit);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(fired).toBe(1);
  });

  it('never fire after the generation has ended', async () => {
    let fired = 0;
    timers.setTimeout(() => fired++, 1);
    timers.setInterval(() => fired++, 1);
    timers.setImmediate(() => fired++);
    expect(ledger.counts()).toEqual({ timeout: 1, interval: 1, immediate: 1 });
    await ledger.undoAll(noLimit);
    timers.setTimeout(() => fired++, 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(fired).toBe(0);
  });

  it('count a throw and a rejection as faults of the plugin, and an interval goes on', async () => {
    timers.setTimeout(() => {
      throw new Error('thrown');
    }, 1);
    timers.setImmediate(async () => Promise.reject(new Error('rejected')));
    let runs = 0;
    timers.setInterval(() => {
      runs++;
      throw new Error('again');
    }, 1);
    await vi.waitFor(() => expect(runs).toBeGreaterThan(1));
    await vi.waitFor(() => expect(faults).toContainEqual(['timeout', new Error('thrown')]));
    expect(faults).toContainEqual(['immediate', new Error('rejected')]);
    expect(faults).toContainEqual(['interval', new Error('again')]);
  });

  it('are the same ones when they are imported or required', async () => {
    const imported = (await scope.import('node:timers')) as Timers;
    const require = scope.globals['require'] as (name: string) => Timers;
    expect(imported.setTimeout).toBe(timers.setTimeout);
    expect(require('node:timers').setTimeout).toBe(timers.setTimeout);
  });
});

describe('the process a plugin sees', () => {
  const guest = (): NodeJS.Process => scope.globals['process'] as NodeJS.Process;
  const event = 'hotswap-test-event';
  const emit = (): void => void process.emit(event as never);

  it("is the host's: same facts", () => {
    expect(guest().pid).toBe(process.pid);
    expect(guest().env).toBe(process.env);
    expect(guest().memoryUsage().rss).toBeGreaterThan(0);
  });

  it('undoes every listener with the generation, however it was added', async () => {
    let heard = 0;
    guest().on(event, () => heard++);
    guest().addListener(event, () => heard++);
    guest().once(event, () => heard++);
    guest().prependListener(event, () => heard++);
    guest().prependOnceListener(event, () => heard++);
    expect(ledger.counts()).toEqual({ 'process listener': 5 });
    emit();
    expect(heard).toBe(5);
    expect(ledger.counts()).toEqual({ 'process listener': 3 });
    await ledger.undoAll(noLimit);
    expect(process.listenerCount(event)).toBe(0);
  });

  it('removes the listener of the event that is named, where one listens to two', () => {
    const listener = (): void => {};
    guest().on(event, listener).on(`${event}-2`, listener);
    guest().off(event, listener);
    expect([process.listenerCount(event), process.listenerCount(`${event}-2`)]).toEqual([0, 1]);
    guest().removeListener(`${event}-2`, listener);
    expect(ledger.counts()).toEqual({});
  });

  it('never removes what the host listens to', () => {
    const listener = (): void => {};
    process.on(event, listener);
    guest().on(event, () => {});
    guest().removeAllListeners(event);
    guest().off(event, listener);
    expect(process.listeners(event)).toEqual([listener]);
    process.off(event, listener);
  });

  it('takes what a listener throws or rejects with as a fault', async () => {
    guest().on(event, () => {
      throw new Error('thrown');
    });
    guest().on(event, async () => Promise.reject(new Error('rejected')));
    emit();
    await vi.waitFor(() => expect(faults).toHaveLength(2));
    expect(faults[0]).toEqual([`process ${event} listener`, new Error('thrown')]);
  });

  it('does not let the plugin end the host', () => {
    expect(() => guest().exit(1)).toThrow(expect.objectContaining({ code: 'PLUGIN_EXIT_REFUSED' }));
  });
});

it("sends the console to the plugin's log, whatever is written", () => {
  const guest = scope.globals['console'] as Console;
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  guest.log('greeted %s', 'ada', 3n);
  guest.warn(new Error('odd'));
  guest.debug(circular);
  guest.error('bad');
  expect(lines.map(([level]) => level)).toEqual(['info', 'warn', 'debug', 'error']);
  expect(lines[0]?.[1]).toBe('greeted ada 3n');
  expect(lines[1]?.[1]).toContain('Error: odd');
  expect(lines[2]?.[1]).toContain('[Circular');
  expect(typeof guest.table).toBe('function');
});

it('requires built-ins alone', () => {
  const require = scope.globals['require'] as (name: string) => unknown;
  expect(require('node:path')).toHaveProperty('join');
  expect(() => require('express')).toThrow(expect.objectContaining({ code: 'REQUIRE_REFUSED' }));
});

it('gives the plugin the fast Response and a restricted fetch', async () => {
  expect(scope.globals['Response']).toBe(HotResponse);
  const fetch = scope.globals['fetch'] as typeof globalThis.fetch;
  expect(await (await fetch('https://example.com')).text()).toBe('restricted');
});

it('answers imports of the SDK with the one the host has', async () => {
  expect(await scope.import('@hotswap/sdk')).toBe(await import('@hotswap/sdk'));
  expect(await scope.import('@hotswap/protocol')).toHaveProperty('CodedError');
});

describe('what a plugin imports at run time', () => {
  it('ends the waits of node:timers/promises with the generation', async () => {
    const { setTimeout: wait } = (await scope.import('node:timers/promises')) as {
      setTimeout(ms: number): Promise<void>;
    };
    const waiting = wait(60_000);
    ending.abort(new Error('replaced'));
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('refuses what is no built-in, native addons and other ways to require', async () => {
    await expect(scope.import('./other.js')).rejects.toMatchObject({ code: 'IMPORT_REFUSED' });
    const process = scope.globals.process as NodeJS.Process;
    expect(() => process.dlopen({}, '/x.node')).toThrow(expect.objectContaining({ code: 'NATIVE_ADDON_REFUSED' }));
    const { createRequire } = (await scope.import('node:module')) as {
      createRequire(from: string): (name: string) => unknown;
    };
    expect(() => createRequire(import.meta.url)('./x.node')).toThrow(
      expect.objectContaining({ code: 'REQUIRE_REFUSED' }),
    );
  });
});
