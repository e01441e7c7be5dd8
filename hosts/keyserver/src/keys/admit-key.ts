import { fail } from '../errors.ts';
import type { KeyExtensions, Verdict } from '../extension-points.ts';
import { writeArmor } from '../openpgp/armor.ts';
import { describeKey } from '../openpgp/describe.ts';
import { packetTag, readPackets, writePackets } from '../openpgp/packets.ts';
import type { SubmissionLimits } from '../openpgp/submission.ts';
import { groupPackets, packetsOf } from '../openpgp/transferable-key.ts';
import type { TransferableKey } from '../openpgp/transferable-key.ts';
import { verifyKey } from '../openpgp/verify.ts';
import type { DroppedPart } from '../openpgp/verify.ts';
import { digestOf } from './digest.ts';
import type { KeyStore, StoredKey } from './key-store.ts';
import { mergeKeys } from './merge.ts';

/** What an add needs from outside. */
export interface AdmissionPorts {
  readonly store: KeyStore;
  readonly extensions: KeyExtensions;
  readonly limits: SubmissionLimits;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** What became of one key of a post. */
export interface Admission {
  readonly outcome: 'added' | 'changed' | 'unchanged';
  readonly key: StoredKey;
  readonly dropped: readonly DroppedPart[];
}

interface Write {
  readonly key: StoredKey;
  readonly previous: StoredKey | undefined;
}

/** How often a merge is tried again because somebody else wrote the same key in between. */
const maxAttempts = 20;

/**
 * Takes one key in: verify, ask the plugins, merge into what is there, store, announce.
 *
 * @throws KEY_UNSUPPORTED, KEY_UNVERIFIABLE, KEY_REJECTED, KEY_TOO_LARGE, KEY_BUSY
 */
export async function admitKey(submitted: TransferableKey, ports: AdmissionPorts): Promise<Admission> {
  const { key, dropped } = await verifyKey(submitted);
  await review(key, ports.extensions);
  const write = await store(key, ports);
  await announce(write, ports.extensions);
  return { outcome: outcomeOf(write), key: write.key, dropped };
}

async function review(key: TransferableKey, extensions: KeyExtensions): Promise<void> {
  const facts = await describeKey(key);
  const armored = writeArmor(writePackets(packetsOf(key)), { hasChecksum: facts.version < 6 });
  refuse(facts.fingerprint, await extensions.validate({ facts, armored }));
  const attributes = key.users
    .filter(({ packet }) => packet.tag === packetTag.userAttribute)
    .map(({ packet }) => Buffer.from(packet.body).toString('base64'));
  const userIds = facts.userIds.map(({ text }) => text);
  refuse(facts.fingerprint, await extensions.inspect({ fingerprint: facts.fingerprint, userIds, attributes }));
}

function refuse(fingerprint: string, verdicts: readonly Verdict[]): void {
  for (const verdict of verdicts) {
    if (!verdict.accept) throw fail('KEY_REJECTED', { fingerprint, reason: verdict.reason });
  }
}

/** Merges until nobody else wrote between reading and writing, so that concurrent adds of one key all survive. */
async function store(added: TransferableKey, { store: keys, limits, now }: AdmissionPorts): Promise<Write> {
  const { fingerprint } = await describeKey(added);
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const previous = await keys.get(fingerprint);
    const merged = mergeKeys(previous ? readStored(previous) : emptied(added), added);
    const digest = digestOf(packetsOf(merged));
    if (previous?.digest === digest) return { key: previous, previous };
    const data = writePackets(packetsOf(merged));
    if (data.length > limits.maxKeyBytes) {
      throw fail('KEY_TOO_LARGE', { what: `key ${fingerprint}`, limit: limits.maxKeyBytes });
    }
    const key = { facts: await describeKey(merged), data, digest, changedAt: now() };
    if (await keys.put(key, previous?.digest)) return { key, previous };
  }
  throw fail('KEY_BUSY', { fingerprint });
}

function readStored({ data, facts }: StoredKey): TransferableKey {
  const [key] = groupPackets(readPackets(data, Infinity)).keys;
  if (!key) throw fail('KEY_MALFORMED', { problem: `the stored key ${facts.fingerprint} is empty` });
  return key;
}

/** Merging into this joins what one post holds twice. */
function emptied({ primary }: TransferableKey): TransferableKey {
  return { primary: { packet: primary.packet, signatures: [] }, users: [], subkeys: [] };
}

function outcomeOf({ key, previous }: Write): Admission['outcome'] {
  if (!previous) return 'added';
  return previous === key ? 'unchanged' : 'changed';
}

async function announce({ key, previous }: Write, extensions: KeyExtensions): Promise<void> {
  if (previous === key) return;
  const event = {
    fingerprint: key.facts.fingerprint,
    digest: key.digest,
    ...(previous && { previousDigest: previous.digest }),
    userIds: key.facts.userIds.map(({ text }) => text),
  };
  await extensions.announce(previous ? 'key.changed' : 'key.added', event);
  if (key.facts.isRevoked && !previous?.facts.isRevoked) await extensions.announce('key.revoked', event);
}
