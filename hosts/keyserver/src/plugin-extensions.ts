import type { Runtime } from '@hotswap/runtime';
import { fail } from './errors.ts';
import { extensionPoints } from './extension-points.ts';
import type { KeyExtensions, Verdict } from './extension-points.ts';

/** What one plugin said; its value is the plugin's word and may be anything. */
type Answer = { readonly plugin: string; readonly value: unknown } | { readonly plugin: string; readonly error: Error };

/** Opens the key server's extension points to the plugins of a runtime. */
export function connectExtensions(runtime: Pick<Runtime, 'extend' | 'emit'>): KeyExtensions {
  const points = runtime.extend(extensionPoints);
  return {
    validate: async (candidate) =>
      (await points['key.validate'].run(candidate)).map((answer) => readVerdict(answer, candidate.facts.fingerprint)),
    inspect: async (content) =>
      (await points['key.content'].run(content)).map((answer) => readVerdict(answer, content.fingerprint)),
    announce: (name, event) => runtime.emit(name, event),
  };
}

/** A check that failed or said nothing clear has not accepted the key: it stays out. */
function readVerdict(answer: Answer, fingerprint: string): Verdict {
  const { plugin } = answer;
  if ('error' in answer) throw fail('KEY_CHECK_FAILED', { plugin, fingerprint }, { cause: answer.error });
  if (isVerdict(answer.value)) return answer.value;
  throw fail('KEY_CHECK_FAILED', { plugin, fingerprint });
}

function isVerdict(value: unknown): value is Verdict {
  if (typeof value !== 'object' || value === null || !('accept' in value)) return false;
  if (value.accept === true) return true;
  return value.accept === false && 'reason' in value && typeof value.reason === 'string';
}
