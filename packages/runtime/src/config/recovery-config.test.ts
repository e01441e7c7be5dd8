import { expect, it } from 'vitest';
import { parseRuntimeConfig } from './runtime-config.ts';
import { readManifest } from '../loading/read-manifest.ts';
import { defaultRecoveryPolicy, recoveryPolicy, wishOfManifest } from '../recovery/recovery-policy.ts';

function wishOf(recovery: string) {
  const options = { format: 'toml', file: 'hotswap.toml', cwd: '/srv' } as const;
  return parseRuntimeConfig(recovery, options).config.plugins.entries['a']?.recovery;
}

function problemsOf(text: string): string {
  try {
    wishOf(text);
  } catch (error) {
    return String(error);
  }
  return '';
}

it('says nothing where the file says nothing', () => {
  expect(wishOf('[plugins.a]\nenabled = true')).toBeUndefined();
  expect(recoveryPolicy(undefined, undefined)).toEqual(defaultRecoveryPolicy);
});

it('lays what an operator writes over what the plugin declares, key by key', () => {
  const operator = wishOf(`
    [plugins.a.recovery]
    failurePolicy = "open"
    within = "5m"
    fallback = ["reload-previous", "static-response"]
    backoff = { strategy = "linear", to = "PT10S" }
    breaker = { failureRate = 0.25 }
    [plugins.a.recovery.response]
    status = 200
    headers = { "content-type" = "application/json" }
    body = "{}"`);
  const manifest = wishOfManifest({
    failurePolicy: 'reload',
    maxAttempts: 2,
    backoff: { from: '3s', to: '5m' },
    faults: { timeouts: 9 },
    breaker: { probes: 7, window: '1m' },
  });
  expect(recoveryPolicy(manifest, operator)).toEqual({
    failurePolicy: 'open',
    maxAttempts: 2,
    withinMs: 300_000,
    backoff: { strategy: 'linear', fromMs: 3_000, toMs: 10_000 },
    fallback: ['reload-previous', 'static-response'],
    response: { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' },
    faults: { errors: 10, timeouts: 9, withinMs: 60_000 },
    breaker: { failureRate: 0.25, minimumCalls: 20, windowMs: 60_000, openForMs: 10_000, probes: 7 },
  });
});

it('names every wrong setting of an operator with its line and column', () => {
  const problems = problemsOf(`[plugins.a.recovery]
failurePolicy = "ajar"
maxAttempt = 3
fallback = ["restart", "reboot"]
breaker = { failureRate = 2 }
response = { status = 99 }`);
  expect(problems).toContain(
    'hotswap.toml:2:1: plugins.a.recovery.failurePolicy must be one of closed, open, reload, is "ajar"',
  );
  expect(problems).toContain(
    'hotswap.toml:3:1: plugins.a.recovery.maxAttempt is no setting; did you mean maxAttempts?',
  );
  expect(problems).toMatch(
    /hotswap.toml:4:\d+: plugins.a.recovery.fallback\[1\] is "reboot"; use restart, reload-prev/,
  );
  expect(problems).toMatch(/hotswap.toml:5:\d+: plugins.a.recovery.breaker.failureRate must be a number above 0 and/);
  expect(problems).toMatch(/hotswap.toml:6:\d+: plugins.a.recovery.response.status is 99; use one from 200 to 599/);
});

it('refuses a manifest whose recovery settings mean nothing', () => {
  const manifest = (recovery: unknown) =>
    readManifest(
      { name: 'a', version: '1.0.0', engines: { hotswap: '^1.0.0' }, hotswap: { recovery } },
      'package.json',
    );
  expect(manifest({ fallback: ['disable'] }).recovery).toEqual({ fallback: ['disable'] });
  expect(() => manifest({ within: 'soon' })).toThrow('hotswap.recovery.within');
  expect(() => manifest({ breaker: { probe: 3 } })).toThrow('hotswap.recovery.breaker.probe is not a field');
  expect(() => manifest({ fallback: ['reboot'] })).toThrow('"reboot"; use one of restart');
});
