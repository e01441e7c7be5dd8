import type { ExportedState, PluginManifest, Registration } from '@hotswap/protocol';
import type { WireBody } from './bodies/bodies.ts';
import type { WirePart } from './crossing-values.ts';
import type { WireFailure } from './wire-failure.ts';

// A message is a flat list: its tag, the number of the call, body or handler it is about, and what belongs to it. Lists
// without nesting are what the transports carry fastest.

/** What either side may say: how calls end, and how bodies flow. */
export type SharedMessage =
  | readonly [tag: 'answer', call: number, value: unknown]
  | readonly [tag: 'answer', call: number, value: unknown, parts: readonly WirePart[]]
  | readonly [tag: 'failure', call: number, failure: WireFailure]
  /** A call of what the other side handed out, by the number it gave it; and the end of that. */
  | readonly [tag: 'callback', call: number, callback: number, input: unknown]
  | readonly [tag: 'callback-gone', callback: number]
  /** Whoever made the call gives it up: its signal is aborted, its answer is still to come. */
  | readonly [tag: 'abort', call: number, failure: WireFailure]
  /** So many more bytes of a body may be sent. */
  | readonly [tag: 'pull', body: number, bytes: number]
  | readonly [tag: 'cancel', body: number]
  | readonly [tag: 'chunk', body: number, bytes: Uint8Array]
  | readonly [tag: 'end', body: number]
  | readonly [tag: 'break', body: number, failure: WireFailure];

/** What a guest must know to evaluate its program. */
export interface LoadFacts {
  readonly manifest: PluginManifest;
  readonly generation: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly program: {
    readonly body: string;
    readonly sourceMap: string | undefined;
    readonly file: string;
    readonly addons?: readonly { readonly name: string; readonly file: string; readonly digest: string }[] | undefined;
  };
  /** Where the guest writes the number of the last call it took up; none where no memory is shared. */
  readonly progress: Int32Array | undefined;
}

/** The head of a request and what goes with it. */
export type WireRequest = readonly [
  method: string,
  url: string,
  headers: readonly string[],
  body: WireBody,
  requestId: string,
  address: string,
  tenant: string | undefined,
  params: Readonly<Record<string, string>> | undefined,
];

/** An answer: its head, and its body or what stands for it. */
export type WireResponse = readonly [status: number, statusText: string, headers: readonly string[], body: WireBody];

/** What a middleware answers: an answer of its own, or the one of that `next` call, with other header fields where they changed. */
export type WireMiddlewareAnswer = WireResponse | readonly [behind: 'behind', next: number, headers: Fields];

/** What a request hook answers: an answer that ends the request, and the header fields where they changed; undefined: neither. */
export type WireVerdict = readonly [response: WireResponse | undefined, headers: Fields] | undefined;

/** What a response hook answers: the status, and the header fields where they changed; undefined: all as it was. */
export type WireHeadChange = readonly [status: number, headers: Fields] | undefined;

/** Names and values in turn; undefined: as they were. */
export type Fields = readonly string[] | undefined;

/** Calls of the host, each answered by the guest, and what it tells. `handler` is the id of a registration. */
export type HostMessage =
  | readonly [tag: 'load', call: number, facts: LoadFacts]
  | readonly [tag: 'start', call: number, state: ExportedState | undefined]
  | readonly [tag: 'health', call: number]
  | readonly [tag: 'configure', call: number, next: Config, previous: Config]
  | readonly [tag: 'export-state', call: number, version: number | undefined]
  | readonly [tag: 'rehearse-state', call: number, state: ExportedState]
  | readonly [tag: 'stop', call: number, reason: WireFailure]
  | readonly [
      tag: 'method',
      call: number,
      handler: number,
      data: unknown,
      tenant: string | undefined,
      requestId: string,
    ]
  | readonly [tag: 'task', call: number, handler: number]
  | readonly [tag: 'event', call: number, handler: number, event: unknown]
  | readonly [
      tag: 'service',
      call: number,
      handler: number,
      method: string,
      input: unknown,
      parts?: readonly WirePart[],
    ]
  | readonly [tag: 'extension', call: number, handler: number, input: unknown]
  | readonly [tag: 'socket', call: number, handler: number, event: unknown]
  | readonly [tag: 'route', call: number, handler: number, ...request: WireRequest]
  | readonly [tag: 'middleware', call: number, handler: number, ...request: WireRequest]
  | readonly [tag: 'request-hook', call: number, handler: number, ...request: WireRequest]
  | readonly [
      tag: 'response-hook',
      call: number,
      handler: number,
      ...request: WireRequest,
      status: number,
      fields: readonly string[],
    ]
  /** The drain has begun, and the call with this number asked to be told. */
  | readonly [tag: 'drain', call: number]
  | readonly [tag: 'buffered', socket: string, bytes: number]
  | SharedMessage;

/** Calls of the guest, each answered by the host, and what it tells. All of it is the plugin's word. */
export type GuestMessage =
  /** What stands behind a middleware's call. Without a request: as it came. */
  | readonly [tag: 'next', call: number, middleware: number, request: WireHanded | undefined]
  | readonly [tag: 'storage-read', call: number, key: string]
  | readonly [tag: 'storage-list', call: number, prefix: string, limit: number]
  | readonly [tag: 'storage-commit', call: number, reads: readonly WireRead[], writes: readonly WireWrite[]]
  | readonly [tag: 'secret', call: number, name: string]
  | readonly [tag: 'emit', call: number, name: string, payload: unknown]
  | readonly [tag: 'use', call: number, service: string, method: string, input: unknown, parts?: readonly WirePart[]]
  | readonly [tag: 'services', call: number]
  | readonly [tag: 'fetch', call: number, redirect: string | undefined, ...request: WireHanded]
  | readonly [tag: 'register', registration: Registration]
  | readonly [tag: 'notes', notes: readonly Note[]]
  | readonly [tag: 'fault', where: string, failure: WireFailure]
  | readonly [tag: 'resources', counts: Readonly<Record<string, number>>]
  | readonly [tag: 'watch-drain', call: number]
  | readonly [tag: 'socket-send', socket: string, data: string | Uint8Array]
  | readonly [tag: 'socket-close', socket: string, code: number, reason: string]
  | readonly [tag: 'socket-attach', socket: string, attachment: unknown]
  | readonly [tag: 'socket-ask', socket: string]
  | SharedMessage;

/** The message of a union with the given tag. */
export type MessageOf<Message extends readonly unknown[], Tag extends Message[0]> = Extract<
  Message,
  readonly [Tag, ...unknown[]]
>;

/** A request that a guest hands on. */
export type WireHanded = readonly [method: string, url: string, headers: readonly string[], body: WireBody];

/** A key that a transaction has read, and the version it saw. */
export type WireRead = readonly [key: string, version: number];

/** A key and its new bytes. */
export type WireWrite = readonly [key: string, value: Uint8Array | undefined];

/** Log lines and measurements of one turn, sent together. */
export type Note =
  | readonly [type: 'log', level: string, message: string, fields: Readonly<Record<string, unknown>> | undefined]
  | readonly [type: 'metric', metric: number, kind: string, name: string, options: unknown]
  | readonly [
      type: 'measure',
      metric: number,
      operation: string,
      value: number,
      labels: Readonly<Record<string, string>> | undefined,
    ];

type Config = Readonly<Record<string, unknown>>;
