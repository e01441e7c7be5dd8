import type { HotResponse } from '@hotswap/protocol/http';
import { fail } from '../errors.ts';
import type { AdmissionPorts } from '../keys/admit-key.ts';
import { answerAdd } from './add.ts';
import { errorAnswer, textAnswer } from './answers.ts';
import { answerLookup } from './lookup.ts';
import { answerHealth, answerStatistics } from './statistics.ts';

interface Route {
  readonly method: 'GET' | 'POST';
  readonly answer: (request: Request, ports: AdmissionPorts) => Promise<HotResponse>;
}

const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/pks/lookup', { method: 'GET', answer: answerLookup }],
  ['/pks/add', { method: 'POST', answer: answerAdd }],
  ['/pks/stats', { method: 'GET', answer: (_, ports) => answerStatistics(ports) }],
  ['/pks/health', { method: 'GET', answer: (_, ports) => answerHealth(ports) }],
]);

/** Paths of the protocol that this server knows of and does not offer. */
const unsupported = /^\/pks\/(?:hashquery|replace|delete|v2(?:\/.*)?)$/;

/** What the host answers when no plugin did: the HKP protocol under `/pks`, and 404 elsewhere. */
export type HkpHandler = (request: Request) => Promise<HotResponse>;

/** Makes the handler of a key server. Errors with a code become answers, others are thrown to the caller. */
export function createHkpHandler(ports: AdmissionPorts): HkpHandler {
  return async (request) => {
    try {
      return await answer(request, ports);
    } catch (error) {
      return errorAnswer(error);
    }
  };
}

async function answer(request: Request, ports: AdmissionPorts): Promise<HotResponse> {
  const path = pathOf(request.url);
  const route = routes.get(path);
  if (!route) return answerElsewhere(path);
  // The server itself leaves the body of an answer to HEAD out.
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (method !== route.method) return methodNotAllowed(route.method);
  return route.answer(request, ports);
}

function answerElsewhere(path: string): HotResponse {
  if (unsupported.test(path)) throw fail('OPERATION_UNSUPPORTED', { operation: path });
  return textAnswer('Not found. Keys are at /pks/lookup and /pks/add.\n', { status: 404 });
}

function methodNotAllowed(allowed: Route['method']): HotResponse {
  const answered = textAnswer(`Use ${allowed}.\n`, { status: 405 });
  answered.headers.set('allow', allowed === 'GET' ? 'GET, HEAD' : allowed);
  return answered;
}

/** By hand and not with `URL`, which would refuse some of what old clients send. */
function pathOf(url: string): string {
  const path = url.replace(/^[a-z]+:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
