import { once } from 'node:events';
import { join } from 'node:path';
import {
  credentials,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { CodedError, Registration } from '@hotswap/protocol';
import { HotRequest, type HotResponse } from '@hotswap/protocol/http';
import { type DialectRequest, type GuestHandler, type IsolateStart, readFolderContent } from '@hotswap/runtime';
import { onTestFinished } from 'vitest';
import { GrpcIsolate } from '../../src/grpc-isolate.ts';
import type { Endpoint, EndpointEnd } from '../../src/launch/endpoint.ts';
import { pluginService } from '../../src/serve/plugin-service.ts';
import type {
  HandleRequest,
  HandleResponse,
  InitializeResponse,
  RegistrationMessage,
} from '../../src/wire/messages.ts';
import { services } from '../../src/wire/services.ts';
import { temporaryFolder } from '../toolchains.ts';

const folder = temporaryFolder();
let sockets = 0;

/** Whoever called a handler. */
export const caller = {
  requestId: 'r-1',
  tenant: 'acme',
  params: {},
  client: { address: '127.0.0.1' },
  signal: new AbortController().signal,
};

/** A plugin that listens in this process, behind a socket as every other. */
export interface Listening {
  readonly endpoint: Endpoint;
  /** Tells its host that it is gone. */
  readonly gone: (end: EndpointEnd) => void;
  /** The limits that its host ended it with. */
  readonly endings: readonly AbortSignal[];
}

/** Serves what a plugin is to serve. */
export async function listen(
  service: UntypedServiceImplementation,
  { stdio, ...more }: Partial<Endpoint> & { readonly stdio?: UntypedServiceImplementation } = {},
): Promise<Listening> {
  const server = new Server();
  server.addService({ ...services().plugin }, service);
  const check = (_: unknown, answer: sendUnaryData<object>): void => answer(null, { status: 'SERVING' });
  server.addService({ ...services().health }, { Check: check });
  if (stdio !== undefined) server.addService({ ...services().stdio }, stdio);
  sockets += 1;
  const address = `unix:${join(folder, `${sockets}.sock`)}`;
  const bound = Promise.withResolvers<void>();
  server.bindAsync(address, ServerCredentials.createInsecure(), (error) =>
    error === null ? bound.resolve() : bound.reject(error),
  );
  await bound.promise;
  onTestFinished(() => server.forceShutdown());
  const { promise: exited, resolve: gone } = Promise.withResolvers<EndpointEnd>();
  const endings: AbortSignal[] = [];
  const endpoint: Endpoint = {
    address,
    credentials: credentials.createInsecure(),
    token: undefined,
    isRemote: false,
    exited,
    end: async (limit) => void endings.push(limit),
    ...more,
  };
  return { endpoint, gone, endings };
}

/** A host's end of one generation. */
export interface Held {
  readonly isolate: GrpcIsolate;
  readonly start: IsolateStart;
  readonly handlers: ReadonlyMap<number, GuestHandler>;
  readonly registrations: readonly Registration[];
  /** The lines of its log. */
  readonly lines: readonly string[];
  /** Settles with its first line. */
  readonly firstLine: Promise<string>;
  /** Settles when the host is told that it ended. */
  readonly exited: Promise<Error>;
}

/** An isolate of a plugin that `open` reaches; nothing is loaded yet. */
export async function hold(open: () => Promise<Endpoint>): Promise<Held> {
  const handlers = new Map<number, GuestHandler>();
  const registrations: Registration[] = [];
  const lines: string[] = [];
  const first = Promise.withResolvers<string>();
  const exit = Promise.withResolvers<Error>();
  const write = (fields: Readonly<Record<string, unknown>>, message: string): void => {
    lines.push(`${message} ${JSON.stringify(fields)}`);
    first.resolve(message);
  };
  const { digest: content } = await readFolderContent(import.meta.dirname, AbortSignal.timeout(10_000));
  const start = {
    manifest: { name: 'near', version: '1.0.0' },
    generation: 1,
    program: { type: 'executable', root: import.meta.dirname, content },
    config: {},
    services: { log: { debug: write, info: write, warn: write, error: write } },
    host: {
      register: (registration: Registration, handler: GuestHandler) => {
        registrations.push(registration);
        handlers.set(registration.id, handler);
      },
      exited: exit.resolve,
    },
  } as unknown as IsolateStart;
  const isolate = new GrpcIsolate({ request: { level: 'strict' } as DialectRequest, open, connectMs: 5_000 });
  onTestFinished(async () => void (await isolate.stop(new Error('the test is over'), AbortSignal.timeout(1_000))));
  return { isolate, start, handlers, registrations, lines, firstLine: first.promise, exited: exit.promise };
}

/** A plugin that was loaded and started. */
export async function run(service: UntypedServiceImplementation, more?: Parameters<typeof listen>[1]): Promise<Held> {
  const { endpoint } = await listen(service, more);
  const held = await hold(async () => endpoint);
  await held.isolate.load(held.start);
  await held.isolate.start(undefined);
  return held;
}

/** A service that says those words where a plugin would say its own. */
export function saying(
  registrations: readonly Omit<RegistrationMessage, 'id'>[],
  own: UntypedServiceImplementation = {},
): UntypedServiceImplementation {
  const list = registrations.map((each, at) => ({ ...each, id: at + 1 }));
  return {
    ...pluginService({}),
    Initialize: (_: unknown, answer: sendUnaryData<InitializeResponse>) => answer(null, { registrations: list }),
    ...own,
  };
}

/** Answers every call that is one message. */
export function answering(answer: (request: HandleRequest) => HandleResponse): UntypedServiceImplementation {
  return {
    Handle: ({ request }: ServerUnaryCall<HandleRequest, HandleResponse>, tell: sendUnaryData<HandleResponse>) =>
      tell(null, answer(request)),
  };
}

/** Calls what the plugin registered first, as a host would. */
export function call<Answer = HotResponse>({ handlers }: Held, ...given: readonly unknown[]): Promise<Answer> {
  const handler = handlers.get(1) as ((...args: readonly unknown[]) => Promise<Answer>) | undefined;
  if (handler === undefined) throw new Error('nothing was registered');
  return handler(...given);
}

/** A request with or without a body. */
export function request(body?: string | AsyncIterable<Uint8Array>): HotRequest {
  const url = 'http://host.test/here';
  return body === undefined ? new HotRequest(url) : new HotRequest(url, { method: 'POST', body });
}

/** What an answer that breaks the rules is refused with. */
export function refused(problem: string): Partial<CodedError> {
  return { code: 'GRPC_MESSAGE_INVALID', message: `plugin near sent what it may not send: ${problem}` };
}

/** Settles when a call was given up by its host. */
export async function givenUp(stream: { on(event: string, tell: () => void): unknown }): Promise<void> {
  await once(stream as NodeJS.EventEmitter, 'cancelled');
}
