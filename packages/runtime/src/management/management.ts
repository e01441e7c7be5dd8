import type { MaybePromise } from '@hotswap/sdk';
import { isCodedError, type CodedError } from '@hotswap/protocol';
import { fail } from '../errors.ts';
import { routedTarget } from '../http/arrival/arriving-fields.ts';
import { errorAnswer } from './answer.ts';
import type { ManagementTarget } from './endpoints.ts';
import { bodyFields, endpoints } from './endpoints.ts';
import type { Client, GuardOptions } from './guard.ts';
import { admit } from './guard.ts';
import { readJsonBody, refuseBody, refuseUnknownFields } from './request-body.ts';
import type { EndpointName, MatchedPath } from './routes.ts';
import { accessOf, matchPath } from './routes.ts';

/** Who may use management, and by which names it is reached. */
export type ManagementOptions = GuardOptions;

/** The management surface of one runtime, over any HTTP server. */
export interface Management {
  /** Whether a path is management's, existing or not. Nothing but the path is looked at. */
  owns(path: string): boolean;
  /**
   * Answers one request. Ask it before any plugin, and let no plugin see what it answers.
   *
   * @param path the path as it came, still encoded, without the query; below the mount it begins with `/plugins`
   * @returns `undefined`, at once, for a path that is none of management's; never rejects
   */
  handle(request: Request, path: string, client: Client): MaybePromise<Response | undefined>;
}

/**
 * Makes the management endpoints of a runtime: `/plugins/*`, `/health`, `/livez`, `/readyz` and `/metrics`.
 *
 * @example
 * const management = createManagement(target, { authorize: (request) => isAdmin(request) });
 * const answer = await management.handle(request, new URL(request.url).pathname, { address });
 */
export function createManagement(target: ManagementTarget, options: ManagementOptions = {}): Management {
  return {
    owns: (path) => matchPath(routedTarget(path)) !== undefined,
    handle: (request, given, client) => {
      // The path as plugins would see it: `/x/../plugins` and a whole address as target are management's too.
      const path = routedTarget(given);
      const matched = matchPath(path);
      return matched && answer({ target, options, request, path, client, matched });
    },
  };
}

interface Visit {
  readonly target: ManagementTarget;
  readonly options: ManagementOptions;
  readonly request: Request;
  readonly path: string;
  readonly client: Client;
  readonly matched: MatchedPath;
}

async function answer(visit: Visit): Promise<Response> {
  const plugin = visit.matched.plugin ?? (queryOf(visit.request).get('plugin') || undefined);
  try {
    const response = await callEndpoint(visit, plugin);
    return visit.request.method === 'HEAD' ? new Response(null, response) : response;
  } catch (error) {
    const known = isCodedError(error) ? error : fail('MANAGEMENT_DEFECT', {}, { cause: error });
    logRefusal(visit, known);
    return errorAnswer(known, plugin, visit.target.now(), allowOf(known));
  }
}

async function callEndpoint(visit: Visit, plugin: string | undefined): Promise<Response> {
  const { target, options, request, client } = visit;
  const endpoint = endpointOf(visit);
  const access = accessOf[endpoint];
  const actor = access === 'open' ? 'anyone' : await admit(request, access, client, options);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (isRead) refuseBody(request.headers);
  const body = isRead ? undefined : await readJsonBody(request);
  const fields = bodyFields[endpoint];
  if (fields) refuseUnknownFields(body, fields);
  const wantsReport = queryOf(request).get('report') === 'true';
  return await endpoints[endpoint]({ target, plugin, body, actor, wantsReport });
}

function endpointOf({ request, path, matched }: Visit): EndpointName {
  const { methods } = matched;
  const { method } = request;
  const endpoint = isMethodOf(methods, method) ? methods[method] : undefined;
  if (endpoint) return endpoint;
  if (method === 'HEAD' && methods.GET) return methods.GET;
  const allow = Object.keys(methods).map((allowed) => (allowed === 'GET' ? 'GET, HEAD' : allowed));
  if (allow.length === 0) throw fail('MANAGEMENT_PATH_UNKNOWN', { path: JSON.stringify(path) });
  throw fail('MANAGEMENT_METHOD_NOT_ALLOWED', { method: JSON.stringify(method), allow: allow.join(', ') });
}

function isMethodOf(methods: MatchedPath['methods'], method: string): method is keyof MatchedPath['methods'] {
  return Object.hasOwn(methods, method);
}

function queryOf(request: Request): URLSearchParams {
  return URL.parse(request.url, 'http://localhost')?.searchParams ?? new URLSearchParams();
}

/** Refused callers are worth a line; what went wrong inside is told here, and to the caller only that it did. */
function logRefusal({ target, request, path, client }: Visit, { code, kind, cause }: CodedError): void {
  const fields = { code, method: request.method, path, address: client.address };
  if (kind === 'internal') target.log.error({ ...fields, err: cause }, 'a management request failed');
  if (kind === 'forbidden' || kind === 'unauthenticated') target.log.warn(fields, 'refused a management request');
}

function allowOf({ code, details }: CodedError): Readonly<Record<string, string>> {
  return code === 'MANAGEMENT_METHOD_NOT_ALLOWED' ? { allow: String(details['allow']) } : {};
}
