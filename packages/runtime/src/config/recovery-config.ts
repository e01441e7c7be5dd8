import type { BackoffStrategy, FailurePolicy, FallbackAction } from '@hotswap/protocol';
import { count, duration, oneOf, share, text, texts } from './document/setting-kinds.ts';
import type { SettingsSection } from './document/settings-reader.ts';
import type { RecoveryWish } from '../recovery/recovery-policy.ts';

const failurePolicies: readonly FailurePolicy[] = ['closed', 'open', 'reload'];
const strategies: readonly BackoffStrategy[] = ['fixed', 'linear', 'exponential'];
const actions: readonly FallbackAction[] = ['restart', 'reload-previous', 'disable', 'pass-through', 'static-response'];

/** Reads `[plugins.NAME.recovery]`; undefined where the file has none. */
export function readRecovery(entry: SettingsSection): RecoveryWish | undefined {
  if (entry.peek('recovery') === undefined) return undefined;
  const section = entry.section('recovery');
  const backoff = section.section('backoff');
  const response = section.section('response');
  const headers = response.section('headers');
  const faults = section.section('faults');
  const breaker = section.section('breaker');
  const wish: RecoveryWish = {
    ...given('failurePolicy', section.read('failurePolicy', oneOf(failurePolicies), undefined)),
    ...given('maxAttempts', section.read('maxAttempts', count, undefined)),
    ...given('withinMs', section.read('within', duration, undefined)),
    ...given('fallback', readFallback(section)),
    backoff: {
      strategy: backoff.read('strategy', oneOf(strategies), undefined),
      fromMs: backoff.read('from', duration, undefined),
      toMs: backoff.read('to', duration, undefined),
    },
    response: {
      status: readStatus(response),
      headers: response.peek('headers') === undefined ? undefined : readHeaders(headers),
      body: response.read('body', text, undefined),
    },
    faults: {
      errors: faults.read('errors', count, undefined),
      timeouts: faults.read('timeouts', count, undefined),
      withinMs: faults.read('within', duration, undefined),
    },
    breaker: {
      failureRate: breaker.read('failureRate', share, undefined),
      minimumCalls: breaker.read('minimumCalls', count, undefined),
      windowMs: breaker.read('window', duration, undefined),
      openForMs: breaker.read('openFor', duration, undefined),
      probes: breaker.read('probes', count, undefined),
    },
  };
  for (const read of [section, backoff, response, headers, faults, breaker]) read.close();
  return wish;
}

function readFallback(section: SettingsSection): readonly FallbackAction[] | undefined {
  const written = section.read('fallback', texts, undefined);
  if (written === undefined) return undefined;
  const known = actions.filter((action) => written.includes(action));
  for (const [index, word] of written.entries()) {
    const isKnown = known.some((action) => action === word);
    if (!isKnown) section.reportBelow(['fallback', index], `is ${JSON.stringify(word)}; use ${actions.join(', ')}`);
    else if (written.indexOf(word) < index) section.reportBelow(['fallback', index], `stands here twice: ${word}`);
  }
  return known.toSorted((left, right) => written.indexOf(left) - written.indexOf(right));
}

function readStatus(response: SettingsSection): number | undefined {
  const status = response.read('status', count, undefined);
  if (status === undefined || (status >= 200 && status <= 599)) return status;
  response.report('status', `is ${status}; use one from 200 to 599`);
  return undefined;
}

function readHeaders(headers: SettingsSection): Readonly<Record<string, string>> {
  const names = headers.remaining();
  return Object.fromEntries(names.map((name) => [name, headers.read(name, text, '')]));
}

/** A key is there only where it says something. */
function given<Key extends string, Value>(key: Key, value: Value | undefined): { readonly [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]: Value });
}
