import { afterEach, expect, it } from 'vitest';
import { composeRuntime, type RuntimeCore } from '../compose-runtime.ts';
import { createSystemClock } from '../host-services/system-clock.ts';
import { silentLog } from '../host-services/logging/silent-log.ts';
import { resolveSettings } from '../runtime-options.ts';
import { type HealthProbe, startHealthProbe } from './health-probe.ts';

let core: RuntimeCore;
let probe: HealthProbe | undefined;
afterEach(async () => {
  probe?.close();
  await core.verbs.remove('a');
  await core.loader.close();
});

async function probing(health: () => unknown, settings: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const options = { log: silentLog, limits: { probationMs: 0 }, environment: {} };
  core = composeRuntime(resolveSettings(options), options);
  let calls = 0;
  const definition = { start: () => ({ health: () => (calls++ === 0 ? 'healthy' : health()) as 'healthy' }) };
  await core.verbs.load({ name: 'a', definition, manifest: { health: settings } });
  probe = startHealthProbe({
    slots: () => core.roster.slots,
    clock: createSystemClock(),
    intervalMs: 5,
    probed: () => {},
  });
}
const health = () => core.roster.get('a').health;

it('calls a plugin unhealthy after three failed answers in a row, with its own reason', async () => {
  let asked = 0;
  await probing(() => {
    asked++;
    return { status: 'unhealthy', reason: 'no disk' };
  });
  await expect.poll(() => health().status).toBe('unhealthy');
  expect(asked).toBeGreaterThanOrEqual(3);
  expect(health().reason).toBe('no disk');
  expect(health().checkedAt).toBeGreaterThan(0);
});

it('counts an answer that does not come as a failed one', async () => {
  await probing(() => new Promise(() => {}));
  await expect.poll(() => health().status).toBe('unhealthy');
  expect(health().reason).toContain('in time');
});

it('forgives as soon as one answer is good', async () => {
  let isBad = true;
  await probing(() => (isBad ? 'unhealthy' : 'healthy'));
  await expect.poll(() => health().status).toBe('unhealthy');
  isBad = false;
  await expect.poll(() => health().status).toBe('healthy');
});

it('asks as often as the plugin wants, and takes its own number of strikes', async () => {
  let asked = 0;
  await probing(
    () => {
      asked++;
      return 'unhealthy';
    },
    { interval: '20ms', strikes: 1 },
  );
  await expect.poll(() => health().status).toBe('unhealthy');
  expect(asked).toBeLessThan(3);
});

it('does not hold the strikes of one generation against the next', async () => {
  let isBad = true;
  const seen: string[] = [];
  await probing(() => {
    seen.push(health().status);
    return isBad ? 'unhealthy' : 'healthy';
  });
  await expect.poll(() => health().status).toBe('unhealthy');
  isBad = false;
  await core.verbs.reload('a');
  [isBad, seen.length] = [true, 0];
  await expect.poll(() => health().status).toBe('unhealthy');
  expect(seen.slice(0, 3)).toEqual(['healthy', 'healthy', 'healthy']);
});
