import type { Registration } from '@hotswap/protocol';
import { type BodyPayload, bytesOf, isBlob, isSource } from '@hotswap/protocol/http';
import { bodyOf, fieldsOf, HttpCall, pairsOf, urlOf } from './http-calls.ts';
import { NoteReader } from './notes.ts';
import { readRegistration } from './read-registration.ts';
import { readResources } from './read-answers.ts';
import { boundedValue, bytesWithin, InvalidMessage, listOf, textOf, weightOf, wholeOf } from '../../channel/bounds.ts';
import type { Channel, ServeCall, TakeMessage } from '../../channel/channel.ts';
import type { CrossingValues } from '../../channel/crossing-values.ts';
import type { WireBody } from '../../channel/bodies/bodies.ts';
import type { GuestMessage } from '../../channel/messages.ts';
import { fromWireFailure } from '../../channel/wire-failure.ts';
import type { GuestHost } from '../../guest/guest-host.ts';
import { maxAttachmentBytes } from '../../guest/socket-peer.ts';
import type { GenerationServices } from '../../host-services/service-registry.ts';

/** What a guest's word reaches on the host's side, and nothing else. */
export interface GuestRights {
  readonly channel: () => Channel;
  readonly values: CrossingValues;
  readonly services: GenerationServices;
  readonly fault: GuestHost['fault'];
  readonly sockets: GuestHost['sockets'];
  readonly register: (registration: Registration) => void;
  readonly resources: (counts: Readonly<Record<string, number>>) => void;
}

type Tag = Exclude<GuestMessage[0], 'answer' | 'failure' | 'abort' | 'pull' | 'cancel' | 'chunk' | 'end' | 'break'>;
type TellTag =
  | 'register'
  | 'callback-gone'
  | 'notes'
  | 'fault'
  | 'resources'
  | 'watch-drain'
  | (`socket-${string}` & Tag);
type CallTag = Exclude<Tag, TellTag>;

const longestKey = 512;
/** What is stored, and what an encoder puts before it. */
const largestValue = 1_048_576;
const mostKeys = 10_000;
const longestName = 1_024;
/** A payload between plugins. */
const payloadBounds = { mostValues: 200_000, mostBytes: 16_777_216 };
const largestFrame = 16_777_216;

/**
 * What a guest may ask of its host. Every part of a message is the plugin's word: it is read with a bound, and whose it
 * is comes from the services, which are made for one generation of one plugin.
 */
export function hostCalls({ channel, values, services }: GuestRights): ReadonlyMap<string, ServeCall> {
  const { store } = services;
  const served: Readonly<Record<CallTag, ServeCall>> = {
    next: ([, , middleware, handed], call) => {
      const context = channel().pending(middleware)?.context;
      if (!(context instanceof HttpCall)) throw new InvalidMessage('next() of a call that is not under way');
      return context.next(channel(), handed, call);
    },
    'storage-read': async ([, , key]) => store.read(textOf(key, longestKey)),
    'storage-list': async ([, , prefix, limit]) => store.list(textOf(prefix, longestKey), wholeOf(limit, 1_000_000)),
    'storage-commit': async ([, , reads, writes]) => store.commit(readsOf(reads), writesOf(writes)),
    secret: async ([, , name]) => services.secrets.get(textOf(name, longestName)),
    emit: async ([, , name, payload]) => {
      const weight = weightOf(payload, payloadBounds);
      if (weight === undefined) throw new InvalidMessage('an event of at most 16 MB was due');
      return services.emit(textOf(name, longestName), payload, weight);
    },
    use: async ([, , service, method, input, parts], call) => {
      const [name, called] = [textOf(service, longestName), textOf(method, longestName)];
      const value = values.readInput(boundedValue(input, payloadBounds), parts);
      const output = await services.callService(name, called, value, call.signal);
      return values.answer(output, call, `${name}.${called} output`);
    },
    services: async () => services.listServices(),
    callback: ([tag, call, number, input], inbound) =>
      values.serveCallback([tag, call, number, boundedValue(input, payloadBounds)], inbound),
    fetch: async ([, , redirect, method, url, headers, body], call) => {
      const payload = bodyOf(channel(), body);
      const answer = await services.fetch(urlOf(url), {
        method: textOf(method, 100),
        headers: pairsOf(fieldsOf(headers)),
        body: sendable(payload),
        ...(isRedirect(redirect) && { redirect }),
        signal: call.signal,
      });
      const { body: stream } = answer;
      const held: WireBody =
        stream === null ? null : channel().bodies.hold({ take: () => stream }, undefined, () => call.letGo());
      if (held !== null) call.hold();
      return [answer.status, answer.statusText, [...answer.headers].flat(), held];
    },
  };
  return new Map(Object.entries(served));
}

/** What a guest may tell its host. */
export function hostTells(rights: GuestRights): ReadonlyMap<string, TakeMessage> {
  const { channel, values, services, fault, sockets, register, resources } = rights;
  const notes = new NoteReader(services.log, services.metrics, fault);
  const watched = new WeakSet<HttpCall>();
  const served: Readonly<Record<TellTag, TakeMessage>> = {
    register: ([, registration]) => register(readRegistration(registration)),
    'callback-gone': ([, callback]) => values.callbackGone(callback),
    notes: ([, list]) => notes.read(list),
    fault: ([, where, failure]) => fault(String(where).slice(0, 200), fromWireFailure(failure)),
    resources: ([, counts]) => resources(readResources(counts)),
    'watch-drain': ([, id]) => {
      const context = channel().pending(id)?.context;
      if (!(context instanceof HttpCall) || watched.has(context)) return;
      watched.add(context);
      const { draining } = context.info;
      const tell = (): void => channel().tell(['drain', id]);
      if (draining.aborted) tell();
      else draining.addEventListener('abort', tell, { once: true });
    },
    'socket-send': ([, id, data]) =>
      sockets.send(
        socketOf(id),
        typeof data === 'string' ? textOf(data, largestFrame) : bytesWithin(data, largestFrame),
      ),
    'socket-close': ([, id, code, reason]) => sockets.close(socketOf(id), wholeOf(code, 4_999), textOf(reason, 123)),
    'socket-attach': ([, id, bytes]) =>
      sockets.attach(socketOf(id), bytes === undefined ? undefined : bytesWithin(bytes, maxAttachmentBytes)),
    'socket-ask': ([, id]) => channel().tell(['buffered', socketOf(id), sockets.buffered(socketOf(id))]),
  };
  return new Map(Object.entries(served));
}

function readsOf(value: unknown): readonly (readonly [string, number])[] {
  return listOf(value, mostKeys).map((read) => {
    const [key, version] = listOf(read, 2);
    return [textOf(key, longestKey), wholeOf(version, Number.MAX_SAFE_INTEGER)] as const;
  });
}

function writesOf(value: unknown): readonly (readonly [string, Uint8Array | undefined])[] {
  return listOf(value, mostKeys).map((write) => {
    const [key, bytes] = listOf(write, 2);
    return [textOf(key, longestKey), bytes === undefined ? undefined : bytesWithin(bytes, largestValue)] as const;
  });
}

function socketOf(value: unknown): string {
  return textOf(value, 200);
}

function isRedirect(value: unknown): value is NonNullable<RequestInit['redirect']> {
  return value === 'follow' || value === 'manual' || value === 'error';
}

/** What the native `fetch` can send. */
function sendable(payload: BodyPayload | null): NonNullable<RequestInit['body']> | null {
  if (payload === null || typeof payload === 'string') return payload;
  if (payload instanceof Uint8Array) return new Uint8Array(payload);
  return isBlob(payload) ? payload : bytesIn(payload);
}

async function* bytesIn(payload: Exclude<BodyPayload, string | Uint8Array | Blob>): AsyncGenerator<Uint8Array> {
  for await (const part of isSource(payload) ? payload.chunks() : payload) yield bytesOf(part);
}
