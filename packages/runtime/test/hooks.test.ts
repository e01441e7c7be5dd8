import { afterEach, describe, expect, it, vi } from 'vitest';
import { answering, run } from './running-runtime.ts';

afterEach(() => void vi.useRealTimers());

describe('a hook before a transition', () => {
  it('is told plugin, states and reason, and may let it happen', async () => {
    const before = vi.fn();
    await using host = await run({ hooks: { before } });
    await host.runtime.load(answering('a', 'one'), { reason: 'first day' });
    await host.runtime.reload('a');
    await host.runtime.disable('a');
    expect(before.mock.calls.map(([{ plugin, to, reason }]) => [plugin, to, reason])).toEqual([
      ['a', 'loading', 'first day'],
      ['a', 'reloading', 'reload'],
      ['a', 'unloading', 'disable'],
    ]);
  });

  it.each(['reload', 'disable', 'unload', 'restart', 'rollback'] as const)(
    'vetoes a %s, and then nothing has changed',
    async (verb) => {
      let isClosed = false;
      const before = (): void => {
        if (isClosed) throw new Error('not during the sale');
      };
      await using host = await run({ hooks: { before } });
      await host.runtime.load(answering('a', 'one'));
      await host.runtime.reload('a');
      isClosed = true;
      await expect(host.runtime[verb]('a')).rejects.toMatchObject({
        code: 'TRANSITION_VETOED',
        message: expect.stringContaining('not during the sale'),
      });
      isClosed = false;
      expect(host.status('a')).toMatchObject({ state: 'active', generation: 2 });
      expect(await host.get('/a')).toEqual([200, 'one']);
      expect((await host.runtime.reload('a')).outcome).toBe('swapped');
    },
  );

  it('vetoes a first load, and then there is no such plugin', async () => {
    let isClosed = true;
    await using host = await run({
      hooks: {
        before() {
          if (isClosed) throw new Error('closed');
        },
      },
    });
    await expect(host.runtime.load(answering('a', 'one'))).rejects.toMatchObject({ code: 'TRANSITION_VETOED' });
    expect(host.runtime.status().plugins).toEqual([]);
    isClosed = false;
    expect((await host.runtime.load(answering('a', 'one'))).outcome).toBe('swapped');
  });

  it('vetoes a return to the warm generation', async () => {
    let isClosed = false;
    const before = (): void => {
      if (isClosed) throw new Error('closed');
    };
    await using host = await run({ hooks: { before }, limits: { probationMs: 60_000 } });
    await host.runtime.load(answering('a', 'one'));
    await host.runtime.swap('a', answering('a', 'two'));
    isClosed = true;
    await expect(host.runtime.rollback('a')).rejects.toMatchObject({ code: 'TRANSITION_VETOED' });
    expect(await host.get('/a')).toEqual([200, 'two']);
    isClosed = false;
    expect((await host.runtime.rollback('a')).to).toBe(1);
  });

  it('vetoes by not answering in five seconds', async () => {
    await using host = await run({ hooks: { before: () => new Promise(() => {}) } });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const vetoed = expect(host.runtime.load(answering('a', 'one'))).rejects.toMatchObject({
      code: 'TRANSITION_VETOED',
      message: expect.stringContaining('5000 ms'),
    });
    await vi.advanceTimersByTimeAsync(5_001);
    await vetoed;
    vi.useRealTimers();
  });

  it('is not asked when the runtime closes: that cannot be vetoed', async () => {
    let isClosing = false;
    const host = await run({
      hooks: {
        before() {
          if (isClosing) throw new Error('never');
        },
      },
    });
    await host.runtime.load(answering('a', 'one'));
    isClosing = true;
    await host.runtime.close();
    expect(host.runtime.status().plugins).toEqual([]);
  });
});

describe('a hook after a transition', () => {
  it('is told what became of it', async () => {
    const after = vi.fn();
    await using host = await run({ hooks: { after } });
    await host.runtime.load(answering('a', 'one'));
    expect(after.mock.calls.map(([{ from, to }]) => [from, to])).toEqual([['loading', 'active']]);
  });

  it('that fails is logged and stops nothing', async () => {
    await using host = await run({
      hooks: {
        after() {
          throw new Error('hook is broken');
        },
      },
    });
    expect((await host.runtime.load(answering('a', 'one'))).outcome).toBe('swapped');
    await expect.poll(() => JSON.stringify(host.lines)).toContain('hook is broken');
    expect(await host.get('/a')).toEqual([200, 'one']);
  });
});

it('a listener that throws breaks no change, and others still hear of it', async () => {
  await using host = await run();
  const heard: string[] = [];
  host.runtime.on('transition', () => {
    throw new Error('listener broke');
  });
  host.runtime.on('report', () => {
    throw new Error('listener broke');
  });
  host.runtime.on('transition', ({ to }) => void heard.push(to));
  await host.runtime.load(answering('a', 'one'));
  expect((await host.runtime.reload('a')).outcome).toBe('swapped');
  expect(host.status('a').state).toBe('active');
  expect(heard).toEqual(['active', 'reloading', 'active']);
  expect(JSON.stringify(host.lines)).toContain('listener broke');
});
