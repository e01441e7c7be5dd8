import { extensionPoint } from '@hotswap/sdk';
import type { KeyFacts } from './keys/key.ts';

/** A key on its way in, as plugins see it: verified, not yet stored. */
export interface KeyCandidate {
  readonly facts: KeyFacts;
  /** The armored text of what was sent, without the parts that could not be verified. */
  readonly armored: string;
}

/** What in a key can carry a message to people: spam, slander, a virus in a picture. */
export interface KeyContent {
  readonly fingerprint: string;
  readonly userIds: readonly string[];
  /** User attribute packets (photos), base64. */
  readonly attributes: readonly string[];
}

/** A plugin's answer: `reason` is one sentence that the sender of the key reads. */
export type Verdict = { readonly accept: true } | { readonly accept: false; readonly reason: string };

/** What happened to a key. `key.revoked` comes in addition to `key.added` or `key.changed`. */
export type KeyEventName = 'key.added' | 'key.changed' | 'key.revoked' | 'key.removed';

/** Payload of the key events. A subscriber that needs the key itself asks for it by fingerprint. */
export interface KeyEvent {
  readonly fingerprint: string;
  /** The SKS digest of the key's new state; of the last one when it was removed. */
  readonly digest: string;
  /** The digest it had before; absent when the key is new. */
  readonly previousDigest?: string;
  readonly userIds: readonly string[];
}

/**
 * Every place where a plugin may act on keys. All handlers of a point are asked; the sender reads the reason of the
 * first, by priority, that rejects. One that throws, runs out of time or gives no verdict keeps the key out, with
 * KEY_CHECK_FAILED: nothing enters unchecked.
 *
 * - `key.validate`: policy on the key itself (algorithm, size, expiry, who may add). Asked once for each key of a post,
 *   after its signatures are verified and before it is merged. It may be asked again about a key that was sent again,
 *   and about a part of a key: a revocation certificate comes as a key without user ids, and must not be held back.
 * - `key.content`: checks of what people will read or see. Asked after `key.validate` accepted.
 *
 * Requests on `/pks/*` are open to middleware like any other; auth, rate limits and output formats are made with it.
 * Events are `key.added`, `key.changed`, `key.revoked` and `key.removed`: sent after the store has acknowledged
 * the write, at most once, never for an add that changed nothing.
 */
export const extensionPoints = {
  'key.validate': extensionPoint<KeyCandidate, Verdict>(),
  'key.content': extensionPoint<KeyContent, Verdict>(),
};

/** How the key server reaches its plugins; the recipes are handed this and know nothing of the runtime. */
export interface KeyExtensions {
  validate(candidate: KeyCandidate): Promise<readonly Verdict[]>;
  inspect(content: KeyContent): Promise<readonly Verdict[]>;
  announce(name: KeyEventName, event: KeyEvent): Promise<void>;
}

/** A key server without plugins. */
export const noExtensions: KeyExtensions = {
  validate: async () => [],
  inspect: async () => [],
  announce: async () => {},
};
