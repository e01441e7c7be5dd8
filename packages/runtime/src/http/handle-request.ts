import { isCodedError } from '@hotswap/protocol';
import { HotRequest, HotResponse } from '@hotswap/protocol/http';
import type { MaybePromise } from '@hotswap/sdk';
import { errorResponse } from './error-response.ts';
import type { AcceptSocket, Dispatch, Exchange, Fallback } from './exchange.ts';
import { boundBody, readNothing, readResponse, readVerdict, withStatus } from './handler-answer.ts';
import { RouteInfo } from './route-info.ts';
import { type Generation, isFault, type ReadAnswer } from '../plugin/generation.ts';
import type { GuestHandler } from '../guest/guest-host.ts';
import type { AssignmentKey } from '../routing/assignment.ts';
import type { Admission } from '../routing/gate.ts';
import type { Lease, LeaseRequest } from '../routing/lease.ts';
import type { Router } from '../routing/router.ts';
import {
  appliesTo,
  type ChainLink,
  generationFor,
  linksFor,
  matchRoute,
  matchSocket,
  type RouteEntry,
  type RoutingTable,
} from '../routing/routing-table.ts';
import type { TrieMatch } from '../routing/route-trie.ts';

/** Says who a request belongs to; decides which generation serves it where there are several. */
export type IdentifyRequest = (request: HotRequest) => AssignmentKey;

export interface DispatchParts {
  readonly router: Router<Generation>;
  readonly identify: IdentifyRequest | undefined;
}

/** Makes the function that sends requests through the current routing table. */
export function createDispatch(parts: DispatchParts): Dispatch {
  return (request, fallback, accept) => new PluginExchange(parts, request, fallback, accept);
}

const anyone: AssignmentKey = {};

/** One call into a plugin on the way. */
interface Visit {
  readonly lease: Lease;
  readonly generation: Generation;
  isError: boolean;
  /** Its isolate ended before the plugin had begun with it. */
  isUnbegun: boolean;
  /** Whether the body may come out of this generation: it is held until the last byte is written then. */
  makesBody: boolean;
}

/** One request's way: match, then link by link through the middleware, then the route, the host, or nothing. */
class PluginExchange implements Exchange, LeaseRequest {
  readonly answer: MaybePromise<HotResponse | undefined>;
  readonly #parts: DispatchParts;
  readonly #fallback: Fallback | undefined;
  readonly #accept: AcceptSocket | undefined;
  readonly #request: HotRequest;
  readonly #path: string;
  readonly #method: string;
  readonly #match: TrieMatch<RouteEntry> | undefined;
  readonly #links: readonly ChainLink[];
  readonly #visits: Visit[] = [];
  #startedAt = performance.now();
  /** Gives its place back while it is parked. */
  #leave: ((reason: Error) => void) | undefined;
  #parkedAt: string | undefined;
  #hasGoneAgain = false;
  /** The table at arrival: slot numbers in links and entries belong to it. */
  readonly #table: RoutingTable<Generation>;
  #key: AssignmentKey | undefined;
  /** Stands for "nobody answered" behind a middleware; if it comes back untouched, the host goes on. */
  #unanswered: HotResponse | undefined;

  constructor(parts: DispatchParts, request: HotRequest, fallback?: Fallback, accept?: AcceptSocket) {
    this.#parts = parts;
    this.#fallback = fallback;
    this.#accept = accept;
    this.#request = request;
    const { target } = request;
    const query = target.indexOf('?');
    this.#path = query < 0 ? target : target.slice(0, query);
    this.#method = request.method;
    this.#table = parts.router.table;
    this.#match = accept ? matchSocket(this.#table, this.#path) : matchRoute(this.#table, this.#method, this.#path);
    this.#links = this.#linksOf(this.#match?.value);
    this.answer = this.#begin(request);
  }

  /** Names the request in the log; made when it is read. */
  get requestId(): string | undefined {
    return this.#request.source?.requestId;
  }

  /** The plugins it is in, or waits in front of: whoever it left behind waits for them. */
  plugins(): readonly string[] {
    const names = this.#visits.map(({ generation }) => generation.plugin);
    return this.#parkedAt === undefined ? names : [...names, this.#parkedAt];
  }

  close(): void {
    for (const { lease } of this.#visits) lease.release();
    this.#visits.length = 0;
  }

  whenCutOff(cutOff: (reason: Error) => void): void {
    for (const { lease } of this.#visits) lease.cutOff = cutOff;
  }

  abort(reason: unknown): void {
    this.#leave?.(reason instanceof Error ? reason : new Error(String(reason)));
    for (const { lease } of this.#visits) lease.abort(reason);
  }

  #linksOf(entry: RouteEntry | undefined): readonly ChainLink[] {
    if (entry === undefined) return linksFor(this.#table, this.#path);
    return entry.isChainCertain ? entry.chain : entry.chain.filter((link) => appliesTo(link, this.#path));
  }

  #begin(request: HotRequest): MaybePromise<HotResponse | undefined> {
    const answer = this.#step(0, request);
    return answer instanceof Promise ? answer.then((response) => this.#settled(response)) : this.#settled(answer);
  }

  /**
   * One look at the clock for the whole way: a middleware's time holds that of what stands behind it. Who only looked
   * on is free to go: a stream of another plugin must not hold up its drain, nor be broken off by it.
   */
  #settled(response: HotResponse): HotResponse | undefined {
    const durationMs = performance.now() - this.#startedAt;
    for (const { generation, lease, isError, makesBody } of this.#visits) {
      generation.record(durationMs, isError);
      if (!makesBody) lease.release();
    }
    return response === this.#unanswered ? undefined : response;
  }

  #step(index: number, request: HotRequest): MaybePromise<HotResponse> {
    const link = this.#links[index];
    if (link === undefined) return this.#match ? this.#route(this.#match, request) : this.#unrouted(request);
    const generation = this.#generationOf(link.slot);
    if (generation !== undefined) return this.#pass(link, index, request, generation);
    return this.#atGate('middleware', link.slot, (admitted) => this.#pass(link, index, request, admitted));
  }

  /** Through one link; past it where its plugin is not there. */
  #pass(
    link: ChainLink,
    index: number,
    request: HotRequest,
    generation: Generation | undefined,
  ): MaybePromise<HotResponse> {
    const handler = generation?.handlerAt(link.key);
    if (generation === undefined || handler === undefined) return this.#step(index + 1, request);
    const call = { link, index, request, handler, visit: this.#enter(generation) };
    if (link.type === 'middleware') return this.#middleware(call);
    return link.type === 'request-hook' ? this.#requestHook(call) : this.#responseHook(call);
  }

  #route(match: TrieMatch<RouteEntry>, request: HotRequest): MaybePromise<HotResponse> {
    const { slot } = match.value;
    const generation = this.#generationOf(slot);
    if (generation !== undefined) return this.#answerFrom(match, request, generation);
    return this.#atGate('route', slot, (admitted) => this.#answerFrom(match, request, admitted));
  }

  #answerFrom(
    match: TrieMatch<RouteEntry>,
    request: HotRequest,
    generation: Generation | undefined,
  ): MaybePromise<HotResponse> {
    const handler = generation?.handlerAt(match.value.key);
    if (generation === undefined || handler === undefined) return this.#unrouted(request);
    if (this.#accept) return this.#accept({ generation, match, key: this.key });
    const tooLarge = boundBody(request, generation);
    if (tooLarge) return tooLarge;
    const visit = this.#enter(generation);
    const answer = this.#call(visit, readResponse, handler, [request, this.#info(request, visit.lease, match)]);
    if (!(answer instanceof Promise)) return judged(visit, answer);
    return answer.then((response) => (this.#mayGoAgain(visit) ? this.#route(match, request) : judged(visit, response)));
  }

  #middleware({ index, request, handler, visit }: LinkCall): MaybePromise<HotResponse> {
    const { generation, lease } = visit;
    let behind: HotResponse | undefined;
    const next = (handed: Request): MaybePromise<HotResponse> => {
      generation.pauseDeadline(lease);
      const answer = this.#step(index + 1, HotRequest.from(handed));
      if (!(answer instanceof Promise)) {
        generation.resumeDeadline(lease);
        return (behind = answer);
      }
      return answer.then((response) => {
        generation.resumeDeadline(lease);
        return (behind = response);
      });
    };
    const answer = this.#call(visit, readResponse, handler, [request, next, this.#info(request, lease, this.#match)]);
    return andThen(answer, (response) => {
      if (this.#mayGoAgain(visit)) return this.#step(index, request);
      visit.makesBody = response !== behind;
      return response;
    });
  }

  #requestHook({ index, request, handler, visit }: LinkCall): MaybePromise<HotResponse> {
    const info = this.#info(request, visit.lease, this.#match);
    const verdict = this.#call(visit, readVerdict, handler, [request, info]);
    return andThen(verdict, (response) => {
      visit.makesBody = response !== undefined;
      return response ?? this.#step(index + 1, request);
    });
  }

  #responseHook({ index, request, handler, visit }: LinkCall): MaybePromise<HotResponse> {
    visit.makesBody = false;
    const info = this.#info(request, visit.lease, this.#match);
    return andThen(this.#step(index + 1, request), (response) => {
      const head = { status: response.status, headers: response.headers };
      const changed = this.#call(visit, readNothing, handler, [head, request, info]);
      return andThen(changed, (failure) => failure ?? withStatus(response, head.status));
    });
  }

  /**
   * Whether a request that its plugin had not begun when its isolate ended may go to the generation that came since:
   * once, for the second time something else is wrong.
   */
  #mayGoAgain(visit: Visit): boolean {
    if (!visit.isUnbegun || this.#hasGoneAgain) return false;
    this.#hasGoneAgain = true;
    visit.lease.release();
    return true;
  }

  /** No plugin has the route: the host's own answer, 405 if another method would be answered, or nothing. */
  #unrouted(request: HotRequest): MaybePromise<HotResponse> {
    const fallback = this.#fallback;
    if (fallback) return answered(request, fallback);
    const allowed = this.#parts.router.table.shape.trie.methodsAt(this.#path);
    if (allowed.length > 0 && !allowed.includes(this.#method)) {
      return new HotResponse('Method Not Allowed', { status: 405, headers: { allow: allowed.join(', ') } });
    }
    const isSocketOnly = this.#method === 'GET' && matchSocket(this.#parts.router.table, this.#path) !== undefined;
    if (isSocketOnly && !this.#accept) return new HotResponse('Upgrade Required', { status: 426 });
    this.#unanswered = new HotResponse('Not Found', { status: 404 });
    return this.#unanswered;
  }

  /** Where the table has changed since arrival, the newest generation serves; but one that is held stays. */
  #generationOf(slot: number): Generation | undefined {
    const { table } = this.#parts.router;
    if (table === this.#table) return generationFor(table, slot, this);
    const name = this.#table.slots[slot]?.name;
    const held = this.#held(name);
    if (held) return held;
    const current = table.slots.findIndex((view) => view.name === name);
    return generationFor(table, current, this);
  }

  /** In front of a plugin that does not simply serve. Whoever holds it already goes on in the same generation. */
  #atGate(kind: 'route' | 'middleware', slot: number, go: AfterGate): MaybePromise<HotResponse> {
    const view = this.#currentView(slot);
    if (view?.gate === undefined) return go(undefined);
    const held = this.#held(view.name);
    if (held) return go(held);
    const admission = view.gate.admit({ kind, holds: () => this.#visits.map(({ generation }) => generation) });
    switch (admission.type) {
      case 'enter':
        return go(admission.generation);
      case 'skip':
        return go(undefined);
      case 'refuse':
        return errorResponse(admission.error, this.#request.source?.requestId);
      case 'answer':
        return admission.response();
      case 'wait':
        this.#parkedAt = view.name;
        return this.#parked(admission, () => this.#askAgain(kind, slot, go));
    }
  }

  #askAgain(kind: 'route' | 'middleware', slot: number, go: AfterGate): MaybePromise<HotResponse> {
    const generation = this.#generationOf(slot);
    return generation ? go(generation) : this.#atGate(kind, slot, go);
  }

  /** The time that a request was held back is not the plugin's. */
  async #parked(
    { until, leave }: Extract<Admission<Generation>, { readonly type: 'wait' }>,
    goOn: () => MaybePromise<HotResponse>,
  ): Promise<HotResponse> {
    const parkedAt = performance.now();
    this.#leave = leave;
    try {
      await until;
    } catch (error) {
      return errorResponse(error, this.#request.source?.requestId);
    } finally {
      this.#leave = undefined;
      this.#parkedAt = undefined;
      this.#startedAt += performance.now() - parkedAt;
    }
    return goOn();
  }

  #held(plugin: string | undefined): Generation | undefined {
    return this.#visits.find(({ generation, lease }) => lease.isOpen && generation.plugin === plugin)?.generation;
  }

  #currentView(slot: number) {
    const { table } = this.#parts.router;
    if (table === this.#table) return table.slots[slot];
    const name = this.#table.slots[slot]?.name;
    return table.slots.find((view) => view.name === name);
  }

  #enter(generation: Generation): Visit {
    const visit: Visit = {
      lease: generation.leases.acquire(),
      generation,
      isError: false,
      isUnbegun: false,
      makesBody: true,
    };
    visit.lease.request = this;
    this.#visits.push(visit);
    return visit;
  }

  #call<T>(
    visit: Visit,
    read: ReadAnswer<T>,
    handler: GuestHandler,
    args: readonly unknown[],
  ): MaybePromise<T | HotResponse> {
    const { generation, lease } = visit;
    try {
      const answer = generation.call(lease, read, handler, args);
      return answer instanceof Promise ? answer.catch((error: unknown) => this.#failed(visit, error)) : answer;
    } catch (error) {
      return this.#failed(visit, error);
    }
  }

  /** A failed call becomes its error answer: what stands in front of it never sees a throw that is not its own. */
  #failed(visit: Visit, error: unknown): HotResponse {
    visit.isUnbegun = isCodedError(error) && error.code === 'ISOLATE_EXITED' && error.details['begun'] === false;
    visit.isError ||= isFault(error);
    return errorResponse(error, this.#request.source?.requestId);
  }

  #info(request: HotRequest, lease: Lease, match: TrieMatch<RouteEntry> | undefined): RouteInfo {
    return new RouteInfo({ request, lease, match, tenant: this.key.tenant });
  }

  /** Who the request belongs to; asked for once, and only where it matters. */
  get key(): AssignmentKey {
    this.#key ??= this.#parts.identify?.(this.#request) ?? anyone;
    return this.#key;
  }
}

/** What a request does once it is past a gate; undefined: as if the plugin were not there. */
type AfterGate = (generation: Generation | undefined) => MaybePromise<HotResponse>;

interface LinkCall {
  readonly index: number;
  readonly request: HotRequest;
  readonly handler: GuestHandler;
  readonly visit: Visit;
}

function judged(visit: Visit, response: HotResponse): HotResponse {
  if (response.status >= 500) visit.isError = true;
  return response;
}

/** The host's own answer; what it throws becomes its error answer. */
function answered(request: HotRequest, fallback: Fallback): MaybePromise<HotResponse> {
  const failed = (error: unknown): HotResponse => errorResponse(error, request.source?.requestId);
  try {
    const response = fallback(request);
    return response instanceof Promise ? response.catch(failed) : response;
  } catch (error) {
    return failed(error);
  }
}

function andThen<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
