import { fileURLToPath } from 'node:url';
import type { Runtime } from '@hotswap/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

type Level = Parameters<Runtime['promote']>[1];

/** Where the provider and the consumer run. */
export interface ServiceLevels {
  readonly provider: Level;
  readonly consumer: Level;
  /** What goes between them is copied; else a level in the same thread passes it by reference. */
  readonly isCopied: boolean;
}

export interface ServicesUnderTest {
  readonly limits: { readonly callTimeoutMs: number; readonly probationMs: number; readonly drainTimeoutMs: number };
}

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

const wanted: ServicesUnderTest = { limits: { callTimeoutMs: 1_000, probationMs: 0, drainTimeoutMs: 2_000 } };

/**
 * What goes between a provider and a consumer, at a pair of isolation levels. `factory` makes a runtime, not yet
 * started, that runs plugins at the level of the consumer; the provider is promoted.
 */
export function describeServices(
  { provider, consumer, isCopied }: ServiceLevels,
  factory: (options: ServicesUnderTest) => Runtime,
): void {
  describe(`services from ${provider} to ${consumer}`, () => {
    let runtime: Runtime;
    /** The generation of the provider that a test begins with. */
    let first: number | undefined;
    const ask = async (method: string, data?: unknown): Promise<unknown> => runtime.invoke('desk-user', method, data);

    beforeEach(async () => {
      runtime = factory(wanted);
      await runtime.start();
      for (const name of ['desk', 'desk-user']) expect((await runtime.load(fixture(name))).reason).toBeUndefined();
      if (provider !== consumer) expect((await runtime.promote('desk', provider)).reason).toBeUndefined();
      first = runtime.pluginStatus('desk').generation;
    });
    afterEach(() => runtime.close());

    it('carry errors by their code', async () => {
      expect(await ask('refuse')).toMatchObject({
        code: 'DESK_CLOSED',
        kind: 'conflict',
        message: 'the desk is closed',
      });
    });

    it('tell the provider when its caller gives up', async () => {
      expect(await ask('abort')).toMatchObject({ message: 'changed my mind' });
      await expect.poll(() => ask('aborted-with')).toBe('changed my mind');
    });

    // Where only the call as a whole has a limit, a consumer with the same limit may be over first.
    it.runIf(provider !== 'none' || consumer === 'none')(
      'end at their time limit, and the provider is told',
      async () => {
        expect(await ask('endless')).toMatchObject({ code: expect.stringMatching(/^(SERVICE|CALL)_TIMED_OUT$/) });
        await expect.poll(() => ask('aborted-with')).toMatch(/within|limit|time|ms/);
      },
    );

    it('carry streams in inputs and outputs', async () => {
      expect(await ask('measure')).toEqual({ name: 'two', bytes: 300_000 });
      expect(await ask('shout')).toEqual(['shouted', 'QUIET WORDS']);
      expect(await ask('hand-back')).toBe(3_000);
    });

    it('make no more of a stream than is read, and are told that nobody reads on', async () => {
      // What a window of the channel holds, on each of two boundaries.
      expect(await ask('flood')).toBeLessThanOrEqual(20);
      await expect.poll(() => ask('produced')).toMatchObject({ isCancelled: true });
      await expect.poll(() => runtime.pluginStatus('desk').activeRequests).toBe(0);
    });

    it('keep a generation until the streams that it gave out have ended', async () => {
      await ask('open-flood');
      const reloading = runtime.reload('desk');
      await expect.poll(() => runtime.pluginStatus('desk').generation).not.toBe(first);
      expect(await ask('who')).not.toEqual({ generation: first });
      expect(await ask('read-flood')).toBe(true);
      await ask('close-flood');
      expect(await reloading).toMatchObject({ outcome: 'swapped', cancelled: 0 });
    });

    it('call callbacks back, for as long as their owner keeps them', async () => {
      expect(await ask('count')).toEqual([60, [1, 2, 3]]);
      expect(runtime.pluginStatus('desk-user').resources['callback'] ?? 0).toBe(0);
      await ask('keep');
      expect(await ask('call-kept', 7)).toEqual({ answer: 701 });
      expect(await ask('call-kept', -1)).toMatchObject({ code: 'TICK_UNKNOWN' });
      await ask('release');
      expect(await ask('call-kept', 7)).toMatchObject({ code: 'CALLBACK_GONE' });
    });

    it('end callbacks with the generation that made them', async () => {
      await ask('keep');
      expect((await runtime.reload('desk-user')).outcome).toBe('swapped');
      expect(await ask('call-kept', 7)).toMatchObject({ code: 'CALLBACK_GONE' });
    });

    it('give a generation a bounded number of callbacks', async () => {
      await expect(ask('hoard')).rejects.toMatchObject({ cause: { code: 'CALLBACKS_EXCEEDED' } });
    });

    it('refuse functions that are no callbacks', async () => {
      expect(await ask('function')).toMatchObject({ code: 'CALLBACK_NEEDED', path: 'desk.echo input.list[1].run' });
    });

    it.runIf(isCopied)('say which place of a value cannot cross', async () => {
      expect(await ask('symbol')).toMatchObject({ code: 'VALUE_NOT_CLONEABLE', path: 'desk.echo input.list[1].mark' });
      expect(await ask('mark')).toMatchObject({ code: 'VALUE_NOT_CLONEABLE', path: 'desk.mark output.deep[0].mark' });
    });

    it('tell a watch who provides, in order, over swaps and absences', async () => {
      const seen = async (): Promise<unknown> => ((await ask('seen')) as string[]).slice(from);
      const from = provider === consumer ? 0 : 1;
      const before = `${from === 0 ? 'provided' : 'replaced'} desk ${first}`;
      await expect.poll(seen).toEqual([before]);
      await ask('fail-next');
      await runtime.reload('desk');
      const second = runtime.pluginStatus('desk').generation;
      await runtime.unload('desk');
      await runtime.load(fixture('desk'));
      const last = runtime.pluginStatus('desk').generation;
      await expect
        .poll(seen)
        .toEqual([before, `replaced desk ${second}`, `withdrawn desk ${second}`, `provided desk ${last}`]);
      expect(runtime.pluginStatus('desk-user').counts.errors).toBe(1);
      expect(runtime.pluginStatus('desk-user').handlers).toContain('watch of service desk');
      await runtime.reload('desk-user');
      await expect.poll(() => ask('seen')).toEqual([`provided desk ${last}`]);
    });

    it('can be listed', async () => {
      const listed = expect.objectContaining({ name: 'desk', plugin: 'desk', generation: first });
      expect(await ask('services')).toEqual([listed]);
      expect(runtime.services()).toEqual([listed]);
    });
  });
}
