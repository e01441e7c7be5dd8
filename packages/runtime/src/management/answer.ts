import { metricsContentType } from '../host-services/metrics/exposition.ts';
import type { ErrorKind, WireError } from '@hotswap/protocol';
import { errorKinds } from '@hotswap/protocol';
import type { SwapReport } from '../swap/swap-report.ts';
import { unixSeconds } from './health.ts';
import type { Body } from './status-body.ts';

const commonHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const;

/** Names longer than any plugin's are cut before they are said back. */
const longestName = 256;

export function jsonAnswer(status: number, body: Body, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...commonHeaders, ...headers },
  });
}

/** The Prometheus text format. */
export function metricsAnswer(text: string): Response {
  return new Response(text, {
    headers: { 'content-type': metricsContentType, ...commonHeaders },
  });
}

/** What every refusal and failure looks like on `/plugins/*`. `plugin` is empty where none was named. */
export function errorAnswer(
  error: WireError,
  plugin: string | undefined,
  now: number,
  headers?: Readonly<Record<string, string>>,
): Response {
  const { code, kind, message } = error;
  const body = {
    plugin: (plugin ?? '').slice(0, longestName),
    status: 'error',
    message,
    timestamp: unixSeconds(now),
    code,
    kind,
  };
  return jsonAnswer(statusOf(error), body, { ...challengeOf(error), ...headers });
}

/** Where the status follows from the code, because a published contract says so; else it follows from the kind. */
const statusByCode: Readonly<Record<string, number>> = {
  MANAGEMENT_METHOD_NOT_ALLOWED: 405,
  MANAGEMENT_MEDIA_TYPE: 415,
  MANAGEMENT_BODY_TOO_LARGE: 413,
  CONFIG_REJECTED: 422,
};

/** Inside a management call the plugin's own failure is the answer's subject, so it is a 500 and no gateway error. */
const statusByKind: Readonly<Partial<Record<ErrorKind, number>>> = { 'plugin-fault': 500, timeout: 500 };

/** The HTTP status of an error on `/plugins/*`. */
function statusOf({ code, kind }: WireError): number {
  return statusByCode[code] ?? statusByKind[kind] ?? errorKinds[kind].status;
}

/** Why a change did not happen, told from its report; `undefined` when it did. */
export function failureOf(report: SwapReport): WireError | undefined {
  if (report.outcome !== 'kept' && report.outcome !== 'failed') return undefined;
  const { code, kind, message } = report.reason ?? unexplained;
  const { operation, outcome, plugin, steps } = report;
  // What was refused before anything of it ran has nothing to be rolled back.
  const hasBegun = steps.some(({ name }) => name === 'start');
  const ending = outcome === 'kept' && hasBegun ? ' and was rolled back' : '';
  return { code, kind, message: `${operation} of ${plugin} failed${ending}: ${message}` };
}

const unexplained: WireError = { code: 'SWAP_FAILED', kind: 'plugin-fault', message: 'no reason was given' };

function challengeOf(error: WireError): Readonly<Record<string, string>> {
  return error.kind === 'unauthenticated' ? { 'www-authenticate': 'Bearer realm="hotswap"' } : {};
}
