// Speaks to the management endpoints of a server (`/plugins/*`). Paths and bodies are those of the reference.
import { CodedError, errorKinds } from '@hotswap/protocol';
import type { ErrorDetails, ErrorKind } from '@hotswap/protocol';
import type { Diagnosis, Operation, Plan } from '@hotswap/runtime';
import type { Connection } from './connection.ts';
import { fail } from '../errors.ts';
import type {
  ChangeAnswer,
  ConfigAnswer,
  HistoryAnswer,
  PluginDetails,
  PluginList,
  SystemStatus,
} from './management-answers.ts';

/** A plugin's source and config, as the server is to load it. */
export interface LoadRequest {
  readonly pluginPath?: string;
  readonly pluginName?: string;
  readonly configuration?: Readonly<Record<string, unknown>>;
}

/** Why a change is made, for the plugin's history. */
export interface Reason {
  readonly reason?: string | undefined;
}

/** The verbs of a server, over HTTP. Every call ends by `timeoutMs` and throws coded errors only. */
export interface ManagementClient {
  readonly url: string;
  status(): Promise<SystemStatus>;
  list(): Promise<PluginList>;
  doctor(): Promise<Diagnosis>;
  /** Has the server search its heap, for which it stands still. Needs the right to change it. */
  searchLeaks(): Promise<Diagnosis>;
  plugin(name: string): Promise<PluginDetails>;
  load(request: LoadRequest): Promise<ChangeAnswer>;
  unload(name: string, options?: { readonly cascade?: boolean }): Promise<ChangeAnswer>;
  reload(name: string): Promise<ChangeAnswer>;
  swap(name: string, request: LoadRequest & Reason): Promise<ChangeAnswer>;
  rollback(name: string, options?: { readonly force?: boolean | undefined } & Reason): Promise<ChangeAnswer>;
  promote(name: string, request: { readonly isolation: string } & Reason): Promise<ChangeAnswer>;
  history(name: string): Promise<HistoryAnswer>;
  restart(name: string): Promise<ChangeAnswer>;
  enable(name: string): Promise<ChangeAnswer>;
  disable(name: string): Promise<ChangeAnswer>;
  plan(request: { operation: Operation; plugin: string; pluginPath?: string; cascade?: boolean }): Promise<Plan>;
  config(name: string): Promise<ConfigAnswer>;
  configure(name: string, config: Readonly<Record<string, unknown>>): Promise<ChangeAnswer>;
}

export interface ManagementClientOptions extends Connection {
  /** How long one call may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** Makes a client of one server. Nothing is sent until a verb is called. */
export function createManagementClient(options: ManagementClientOptions): ManagementClient {
  const get = <Answer>(path: string) => send<Answer>(options, { method: 'GET', path });
  const post = <Answer>(path: string, body: object = {}) => send<Answer>(options, { method: 'POST', path, body });
  // The report, and versions in lists, are not part of the published answers; they come when they are asked for.
  const change = (path: string, body: object = {}) => post<ChangeAnswer>(`${path}?report=true`, body);
  const at = (name: string, verb = '') => `/plugins/${encodeURIComponent(name)}${verb && `/${verb}`}`;
  const ofPlugin = (name: string) => `/plugins/config?plugin=${encodeURIComponent(name)}`;
  return {
    url: options.url,
    status: () => get('/plugins/status'),
    list: () => get('/plugins/list?report=true'),
    doctor: () => get('/plugins/doctor'),
    searchLeaks: () => post('/plugins/doctor', { leaks: true }),
    plugin: (name) => get(at(name)),
    load: (request) => change('/plugins/load', request),
    unload: (name, { cascade = false } = {}) => change(at(name, 'unload'), { cascade }),
    reload: (name) => change(at(name, 'reload')),
    swap: (name, { pluginPath, configuration, reason }) =>
      change(at(name, 'swap'), { newPluginPath: pluginPath, newConfiguration: configuration, reason }),
    rollback: (name, options = {}) => change(at(name, 'rollback'), options),
    promote: (name, request) => change(at(name, 'promote'), request),
    history: (name) => get(at(name, 'history')),
    restart: (name) => change(at(name, 'restart')),
    enable: (name) => change(at(name, 'enable')),
    disable: (name) => change(at(name, 'disable')),
    plan: (request) => post('/plugins/plan', request),
    config: (name) => get(ofPlugin(name)),
    configure: (name, config) => send(options, { method: 'PUT', path: ofPlugin(name), body: config }),
  };
}

interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly body?: object;
}

async function send<Answer>(options: ManagementClientOptions, call: Call): Promise<Answer> {
  const response = await request(options, call);
  const answer = await readJson(response, options);
  if (!response.ok) throw toError(answer, response.status);
  return answer as Answer;
}

async function request(options: ManagementClientOptions, call: Call): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (options.token) headers['authorization'] = `Bearer ${options.token}`;
  if (call.body) headers['content-type'] = 'application/json';
  try {
    return await fetch(options.url + call.path, {
      method: call.method,
      headers,
      redirect: 'error',
      signal: AbortSignal.timeout(options.timeoutMs),
      ...(call.body && { body: JSON.stringify(call.body) }),
    });
  } catch (cause) {
    throw toConnectionError(cause, options);
  }
}

async function readJson(response: Response, options: ManagementClientOptions): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    if (cause instanceof SyntaxError) {
      throw fail('ANSWER_UNREADABLE', { url: options.url, status: response.status }, { cause });
    }
    throw toConnectionError(cause, options);
  }
}

function toConnectionError(cause: unknown, { url, timeoutMs }: ManagementClientOptions): CodedError {
  const isTimeout = cause instanceof Error && cause.name === 'TimeoutError';
  if (isTimeout) return fail('SERVER_TIMED_OUT', { url, seconds: timeoutMs / 1_000 }, { cause });
  return fail('SERVER_UNREACHABLE', { url }, { cause });
}

/** The server's error as ours: its own code and kind where the body has them, else those of the status. */
function toError(answer: unknown, status: number): CodedError {
  const outer = asRecord(answer);
  const body = 'error' in outer ? asRecord(outer['error']) : outer;
  const { code, kind, message, details } = body;
  if (typeof message !== 'string' || message === '') return fail('MANAGEMENT_REFUSED', { status });
  return new CodedError({
    code: typeof code === 'string' ? code : 'MANAGEMENT_REFUSED',
    kind: isErrorKind(kind) ? kind : kindOf(status),
    message,
    details: asRecord(details) satisfies ErrorDetails,
  });
}

function kindOf(status: number): ErrorKind {
  const kinds = Object.keys(errorKinds).filter(isErrorKind);
  const exact = kinds.find((kind) => errorKinds[kind].status === status);
  return exact ?? (status >= 500 ? 'internal' : 'invalid');
}

function isErrorKind(value: unknown): value is ErrorKind {
  return typeof value === 'string' && Object.hasOwn(errorKinds, value);
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
