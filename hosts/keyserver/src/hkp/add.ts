import { isCodedError } from '@hotswap/protocol';
import type { HotResponse } from '@hotswap/protocol/http';
import { fail } from '../errors.ts';
import { admitKey } from '../keys/admit-key.ts';
import type { Admission, AdmissionPorts } from '../keys/admit-key.ts';
import { admitRevocation } from '../keys/admit-revocation.ts';
import { readSubmission } from '../openpgp/submission.ts';
import type { SubmissionLimits } from '../openpgp/submission.ts';
import { jsonAnswer, textAnswer } from './answers.ts';

/** What became of each key of a post, in its order. */
interface AddReport {
  readonly admitted: readonly Admission[];
  readonly refused: readonly unknown[];
}

/** A percent sign and two digits for each character is the most that a form can swell a text by. */
const formSwelling = 3;

/**
 * Answers `POST /pks/add`. A post with several keys is taken in as far as it can be; if none can, the first error is
 * the answer.
 */
export async function answerAdd(request: Request, ports: AdmissionPorts): Promise<HotResponse> {
  const form = readForm(await readBody(request, ports.limits));
  const { keys, loose } = readSubmission(form.keytext, ports.limits);
  const steps = [
    ...keys.map((key) => () => admitKey(key, ports)),
    // After the keys, which they may be about.
    ...loose.map((certificate) => () => admitRevocation(certificate, ports)),
  ];
  return answerReport(await runEach(steps), form.isJson);
}

async function readBody(request: Request, { maxArmorBytes }: SubmissionLimits): Promise<string> {
  const limit = maxArmorBytes * formSwelling;
  const tooLarge = () => fail('KEY_TOO_LARGE', { what: 'the request', limit });
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge();
  const body = await request.text();
  if (body.length > limit) throw tooLarge();
  return body;
}

function readForm(body: string): { readonly keytext: string; readonly isJson: boolean } {
  // Some clients post the armored text as it is.
  if (body.trimStart().startsWith('-----BEGIN')) return { keytext: body, isJson: false };
  const fields = new URLSearchParams(body);
  const keytext = fields.get('keytext');
  if (keytext === null || keytext.trim() === '') throw fail('KEYTEXT_MISSING');
  return { keytext, isJson: (fields.get('options') ?? '').split(',').includes('json') };
}

/** One after the other: verifying is work for the processor, and a later key may be a newer copy of an earlier one. */
async function runEach(steps: readonly (() => Promise<Admission>)[]): Promise<AddReport> {
  const admitted: Admission[] = [];
  const refused: unknown[] = [];
  for (const step of steps) {
    try {
      admitted.push(await step());
    } catch (error) {
      refused.push(error);
    }
  }
  return { admitted, refused };
}

function answerReport({ admitted, refused }: AddReport, isJson: boolean): HotResponse {
  const unexpected = refused.find((error) => !isCodedError(error));
  const [first] = refused;
  if (unexpected !== undefined || (first !== undefined && admitted.length === 0)) throw unexpected ?? first;
  const results = admitted.map(({ outcome, key, dropped }) => ({
    outcome,
    fingerprint: key.facts.fingerprint,
    dropped,
  }));
  const errors = refused.filter(isCodedError).map(({ code, message }) => ({ code, message }));
  if (isJson) return jsonAnswer({ results, errors });
  const lines = results.map(({ outcome, fingerprint, dropped }) => `${outcome} ${fingerprint}${leftOut(dropped)}`);
  return textAnswer([...lines, ...errors.map(({ code, message }) => `${code}: ${message}`), ''].join('\n'));
}

function leftOut(dropped: Admission['dropped']): string {
  const parts = dropped.map(({ part, reason }) => `${part}: ${reason}`);
  return parts.length === 0 ? '' : ` without ${parts.join('; ')}`;
}
