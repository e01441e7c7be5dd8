import { realpath } from 'node:fs/promises';
import { messageOf } from '@hotswap/protocol';
import type { Logger } from '@hotswap/sdk';
import { fail } from '../errors.ts';
import type { Artifact } from '../loading/artifact.ts';
import type { LocatedSource } from '../loading/plugin-source.ts';
import { type Content, digestNow } from './content-digest.ts';
import { contentOf, type Evidence, factsOf, readEvidence } from './evidence.ts';
import { type CodeFacts, judge, type Refusal, type SignaturePolicy, type Verdict, type Verification } from './judge.ts';
import { ReleaseLock } from './lock-file.ts';
import { readTrustIfChanged } from './trust-file.ts';
import { noTrust, type Trust } from './trust.ts';

/** What a verifier is made with. */
export interface VerifierOptions {
  readonly policy: SignaturePolicy;
  /** Holds `trust.json` and `hotswap.lock`. Without it nobody is trusted, nothing is revoked and nothing locked. */
  readonly data: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Pick<Logger, 'warn'>;
}

/** A source whose bytes and signature were looked at; nothing of it has been understood yet. */
export interface ExaminedSource {
  readonly source: string;
  readonly content: Content | undefined;
  readonly evidence: Evidence;
  /** The host's own program brought it: it has vouched for it. */
  readonly isOfHost: boolean;
}

/**
 * Decides whether code may be loaded: before anything of it is parsed, when its manifest is known, and again when trust
 * changes. Fails closed: what cannot be decided is refused.
 */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #lock: ReleaseLock | undefined;
  #trust: Trust = noTrust;
  #trustText = '';
  #trustVersion = 0;
  #problem: string | undefined;

  constructor(options: VerifierOptions) {
    this.#options = options;
    this.#lock = options.data === undefined ? undefined : new ReleaseLock(options.data);
  }

  /**
   * The first look: the checksum of the bytes, and whose signature is on it. Nothing of the source is parsed or built.
   *
   * @throws TRUST_UNREADABLE, CONTENT_UNSIGNABLE, and the refusals of `judge`
   */
  async examine(located: LocatedSource): Promise<ExaminedSource> {
    await this.refresh();
    const { policy } = this.#options;
    const isOfHost = located.type === 'memory';
    const source = sourceName(located);
    const evidence: Evidence = policy === 'off' || isOfHost ? { type: 'none' } : await readEvidence(located);
    // A folder is hashed only when somebody wants to know: where plugins are written it is large and changes often.
    const isAsked = policy === 'required' || evidence.type === 'envelope' || this.#revokesReleases();
    const content = located.type === 'archive' || isAsked ? await contentOf(located) : undefined;
    const examined = { source, content, evidence, isOfHost };
    // Without a checksum and a signature there is nothing to say to it yet, and `required` says that.
    this.#judge(examined, undefined);
    return examined;
  }

  /**
   * The second look, at what was made of the source: that it is what the signature names, and made of nothing else.
   *
   * @param files everything that went into it; undefined: all that was hashed
   * @throws FILE_NOT_SIGNED, SOURCE_CHANGED, DIGEST_MISMATCH, LOCK_UNREADABLE, and the refusals of `judge`
   */
  async admit(examined: ExaminedSource, artifact: Artifact, files: readonly string[] | undefined): Promise<Artifact> {
    const { content, evidence, isOfHost, source } = examined;
    const { policy, now } = this.#options;
    let verdict = this.#judge(examined, artifact);
    if (verdict.outcome === 'signed' && content) {
      const stray = await strayFile(artifact.manifest.name, content, files ?? [...content.files.keys()]);
      if (stray && policy === 'required') throw stray;
      if (stray) {
        this.#options.log.warn({ source, reason: stray.message }, 'a signature does not count');
        verdict = { outcome: 'unsigned', ignored: undefined };
      }
    }
    const about = { checksum: content?.digest, verifiedAt: now() };
    if (verdict.outcome !== 'signed') {
      const vouchedBy = isOfHost ? 'host' : 'operator';
      return { ...artifact, verification: { ...about, vouchedBy, signer: undefined, envelope: undefined } };
    }
    const { statement, signer } = verdict;
    const { name, version, digest, signedAt, expiresAt } = statement;
    // Where unsigned code is allowed a lock would only stand in the way of whoever writes it.
    if (policy === 'required') await this.#lock?.hold({ name, version, digest, signer: signer.keyId }, now());
    const envelope = evidence.type === 'envelope' ? evidence.envelope : undefined;
    const shown = { name: signer.name, keyId: signer.keyId, signedAt, expiresAt };
    return { ...artifact, verification: { ...about, vouchedBy: 'signature', signer: shown, envelope } };
  }

  /** Why an artifact that was let in would not be let in with today's trust; undefined: it still is. */
  objectionTo(artifact: Artifact): Error | undefined {
    const { verification, manifest, digest, origin } = artifact;
    const { policy } = this.#options;
    const { envelope, checksum, verifiedAt = 0, vouchedBy = 'host' } = verification ?? noVerification;
    const evidence: Evidence = envelope === undefined ? { type: 'none' } : { type: 'envelope', envelope };
    const facts = { checksum, digest, manifest, signature: factsOf(evidence, this.#trust, verifiedAt) };
    // As of when it was let in: what only expires goes on running.
    const rules = {
      policy: vouchedBy === 'host' ? 'off' : policy,
      revoked: this.#trust.revoked,
      now: verifiedAt,
    } as const;
    const verdict = judge(facts, rules);
    return verdict.outcome === 'refused' ? refusalError(verdict.refusal, origin) : undefined;
  }

  /** Grows with each change of trust that was noticed. */
  get trustVersion(): number {
    return this.#trustVersion;
  }

  /** Reads again whom the host trusts. What cannot be read leaves the trust there was. @throws TRUST_UNREADABLE */
  async refresh(): Promise<void> {
    const { data } = this.#options;
    if (data === undefined) return;
    try {
      const read = await readTrustIfChanged(data, this.#trustText);
      this.#problem = undefined;
      if (read === undefined) return;
      ({ trust: this.#trust, text: this.#trustText } = read);
      this.#trustVersion++;
    } catch (error) {
      this.#problem = messageOf(error);
      throw error;
    }
  }

  /** What an operator must know of it, in sentences. */
  notices(): readonly string[] {
    if (this.#problem !== undefined) return [this.#problem];
    const isNobodyTrusted = this.#options.policy === 'required' && this.#trust.signers.length === 0;
    return isNobodyTrusted
      ? ['nobody is trusted to sign plugins, so none can be loaded; trust a signer with `hotswap trust add`']
      : [];
  }

  #judge(examined: ExaminedSource, artifact: Artifact | undefined): Verdict {
    const { evidence, content, source, isOfHost } = examined;
    const now = this.#options.now();
    const facts: CodeFacts = {
      checksum: content?.digest,
      digest: artifact?.digest,
      manifest: artifact?.manifest,
      signature: factsOf(evidence, this.#trust, now),
    };
    const policy = isOfHost ? 'off' : this.#options.policy;
    const verdict = judge(facts, { policy, revoked: this.#trust.revoked, now });
    if (verdict.outcome === 'refused') throw refusalError(verdict.refusal, source);
    const ignored = verdict.outcome === 'unsigned' && artifact ? verdict.ignored : undefined;
    if (ignored) this.#options.log.warn({ source, ...ignored }, 'a signature does not count');
    return verdict;
  }

  #revokesReleases(): boolean {
    return this.#trust.revoked.some(({ type }) => type === 'digest');
  }
}

const noVerification: Partial<Verification> = {};

/** A refusal as the error that loading ends with. */
function refusalError({ code, reason }: Refusal, source: string): Error {
  return fail(code, { source, reason });
}

/** The first file of an artifact that its signature does not cover, or that is not what it was when it was hashed. */
export async function strayFile(
  plugin: string,
  { files: signed }: Content,
  files: readonly string[],
): Promise<Error | undefined> {
  for (const file of files) {
    const real = await realpath(file).catch(() => file);
    const digest = signed.get(real);
    if (digest === undefined) return fail('FILE_NOT_SIGNED', { plugin, file: real });
    if ((await digestNow(real)) !== digest) return fail('SOURCE_CHANGED', { plugin, file: real });
  }
  return undefined;
}

function sourceName(located: LocatedSource): string {
  switch (located.type) {
    case 'memory':
      return located.plugin.name;
    case 'folder':
      return located.folder;
    default:
      return located.file;
  }
}
