import { isCodedError } from '@hotswap/protocol';
import type { MethodCall } from '@hotswap/sdk';
import type { Lease, LeaseBook } from '../routing/lease.ts';

/** What a caller may say beside the data. */
export interface CallOptions {
  readonly tenant?: string;
  readonly requestId?: string;
  readonly signal?: AbortSignal;
}

/** One call of a plugin's method, as its handler sees it. The lease is made only when somebody needs it. */
export class PluginCall implements MethodCall {
  readonly data: unknown;
  readonly tenant: string | undefined;
  readonly requestId: string;
  readonly #leases: LeaseBook;
  readonly #callerSignal: AbortSignal | undefined;
  #lease: Lease | undefined;
  #stopFollowing: (() => void) | undefined;

  constructor(leases: LeaseBook, data: unknown, options: CallOptions | undefined) {
    this.#leases = leases;
    this.data = data;
    this.tenant = options?.tenant;
    this.requestId = options?.requestId ?? '';
    this.#callerSignal = options?.signal;
  }

  get lease(): Lease {
    this.#lease ??= this.#leases.acquire();
    return this.#lease;
  }

  get signal(): AbortSignal {
    const own = this.lease.signal;
    return this.#callerSignal ? AbortSignal.any([own, this.#callerSignal]) : own;
  }

  /** Has aborts told to a call that goes on behind a channel; no signal is made for it. */
  follow(follower: { abort(reason: unknown): void }): void {
    this.lease.follow(follower);
    const caller = this.#callerSignal;
    if (caller === undefined) return;
    if (caller.aborted) return follower.abort(caller.reason);
    this.#stopFollowing = () => caller.removeEventListener('abort', abort);
    const abort = (): void => follower.abort(caller.reason);
    caller.addEventListener('abort', abort, { once: true });
  }

  /** Gives the lease back, if there is one. */
  close(): void {
    this.#stopFollowing?.();
    this.#lease?.release();
  }
}

/** Callers of a service or a callback know its codes: what it threw by code reaches them as it was thrown. */
export function inOwnWords(error: unknown): never {
  const thrown = isCodedError(error) && error.code === 'PLUGIN_HANDLER_FAILED' ? error.cause : undefined;
  throw isCodedError(thrown) ? thrown : error;
}
