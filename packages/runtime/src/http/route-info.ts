import type { RequestInfo } from '@hotswap/sdk';
import type { HotRequest } from '@hotswap/protocol/http';
import type { Lease } from '../routing/lease.ts';

const noParams: Readonly<Record<string, string>> = Object.freeze({});

/** The places a route's pattern found in the path. */
export interface RouteMatch {
  readonly names: readonly string[];
  readonly values: readonly string[];
}

/** What a handler knows about a request beside the request itself; each part is made on first touch. */
export class RouteInfo implements RequestInfo {
  readonly tenant: string | undefined;
  readonly #request: HotRequest;
  readonly #lease: Lease;
  readonly #match: RouteMatch | undefined;
  #params: Readonly<Record<string, string>> | undefined;
  #draining: AbortController | undefined;

  constructor(parts: {
    readonly request: HotRequest;
    readonly lease: Lease;
    readonly match: RouteMatch | undefined;
    readonly tenant: string | undefined;
  }) {
    this.#request = parts.request;
    this.#lease = parts.lease;
    this.#match = parts.match;
    this.tenant = parts.tenant;
  }

  get params(): Readonly<Record<string, string>> {
    this.#params ??= this.#match ? decodeParams(this.#match) : noParams;
    return this.#params;
  }

  get signal(): AbortSignal {
    return this.#lease.signal;
  }

  /** Has aborts told to a call that goes on behind a channel; no signal is made for it. */
  follow(follower: { abort(reason: unknown): void }): void {
    this.#lease.follow(follower);
  }

  get draining(): AbortSignal {
    if (this.#draining === undefined) {
      const controller = new AbortController();
      this.#lease.onDrain = () => controller.abort(new Error('the generation is being drained'));
      this.#draining = controller;
    }
    return this.#draining.signal;
  }

  get requestId(): string {
    return this.#request.source?.requestId ?? '';
  }

  get client(): { readonly address: string } {
    return { address: this.#request.source?.remoteAddress ?? '' };
  }
}

/** The values of a match by the names of their places. */
export function decodeParams({ names, values }: RouteMatch): Readonly<Record<string, string>> {
  const params: Record<string, string> = Object.create(null);
  for (const [index, name] of names.entries()) params[name] = decodeSegment(values[index] ?? '');
  return params;
}

/** A segment that is no valid percent-encoding is handed on as it came. */
function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
