import { describe, expect, it } from 'vitest';
import { createFakeClock } from '@hotswap/test-kit';
import { silentLog } from './logging/silent-log.ts';
import { renderMetrics } from './metrics/exposition.ts';
import { createHostServices, createHostServicesCore, forgetPlugin } from './service-registry.ts';
import type { ServiceIdentity } from './service-registry.ts';
import { MemoryBackend } from './storage/memory-backend.ts';

function setUp() {
  const clock = createFakeClock();
  const core = createHostServicesCore({
    clock,
    log: silentLog,
    storage: new MemoryBackend(),
    secrets: { resolve: async (name) => (name === 'key' ? 'value' : undefined) },
  });
  const serve = (plugin: string, identity: Partial<ServiceIdentity> = {}) =>
    createHostServices(core, {
      plugin,
      version: '1.0.0',
      generation: 1,
      capabilities: { secrets: ['key', 'other'] },
      callTimeoutMs: 1_000,
      ...identity,
    });
  return { clock, core, serve };
}

describe('the services of a generation', () => {
  it('keep the values of plugins and tenants apart', async () => {
    const { serve } = setUp();
    await serve('a').storage.set('x', 1);
    await serve('a', { tenant: 'acme' }).storage.set('x', 2);
    expect(await serve('a', { generation: 2 }).storage.get('x')).toBe(1);
    expect(await serve('b').storage.get('x')).toBeUndefined();
    expect((await serve('a').store.read('x')).version).toBeGreaterThan(0);
  });

  it('speak in the name of the plugin', async () => {
    const { core, serve } = setUp();
    const sources: string[] = [];
    core.events.subscribe({
      plugin: 'host',
      generation: 0,
      event: '*',
      handler: ({ source }) => void sources.push(source),
    });
    const { emit } = serve('a');
    await emit('x');
    await core.events.idle('host', 0);
    expect(sources).toEqual(['a']);
  });

  it('give what the capabilities list', async () => {
    const { serve } = setUp();
    const { secrets, fetch } = serve('a');
    expect(await secrets.get('key')).toBe('value');
    await expect(secrets.get('other')).rejects.toMatchObject({ code: 'SECRET_UNKNOWN' });
    await expect(secrets.get('third')).rejects.toMatchObject({ code: 'CAPABILITY_MISSING' });
    await expect(fetch('https://example.com/')).rejects.toMatchObject({ code: 'CAPABILITY_MISSING' });
  });

  it('let one plugin call another, bounded by its call time-out', async () => {
    const { clock, core, serve } = setUp();
    const { callService } = serve('consumer');
    const late = expect(callService('geo', 'locate', {}, undefined)).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
    await clock.advance(1_000);
    await late;
    core.services.attach('geo', { plugin: 'geo', generation: 1, methods: { locate: (input) => input } });
    expect(await callService('geo', 'locate', 7, undefined)).toBe(7);
  });

  it('end with the generation: sleeps reject, queued events are dropped', async () => {
    const { core, serve } = setUp();
    const services = serve('a');
    core.events.subscribe({ plugin: 'a', generation: 1, event: 'x', handler() {} });
    await core.events.emit('host', 'x');
    const sleep = expect(services.clock.sleep(1_000)).rejects.toThrow('generation 1 of plugin a has ended');
    services.close();
    await sleep;
    expect(core.events.counts('a').dropped).toBe(1);
  });

  it('leave their series to the next generation, until the plugin is forgotten', () => {
    const { core, serve } = setUp();
    const first = serve('a');
    first.metrics.counter('hits_total').add(1);
    first.close();
    serve('a', { generation: 2 }).metrics.counter('hits_total').add(1);
    expect(renderMetrics(core.metrics.families())).toContain('hits_total{plugin_name="a"} 2');
    forgetPlugin(core, 'a');
    expect(renderMetrics(core.metrics.families())).not.toContain('hits_total');
  });
});
