import type { HotRequest, HotResponse } from '@hotswap/protocol/http';

/** What a plugin is told when it begins. */
export interface ServedStart {
  readonly config: Readonly<Record<string, unknown>>;
  readonly generation: number;
  /** The isolation level that it runs at; empty where the host has none. */
  readonly isolation: string;
}

/** What a handler is told beside the request or the data. */
export interface ServedCall {
  readonly requestId: string;
  readonly tenant: string | undefined;
  /** Aborted when the caller has given the call up. */
  readonly signal: AbortSignal;
}

/** A route that a plugin answers. */
export interface ServedRoute {
  /** GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, TRACE or ALL. */
  readonly method: string;
  /** `/greet/:name`, `/files/*`. */
  readonly path: string;
  /** Bodies of any size, both ways at once. Default false: of at most 1 MB. */
  readonly streams?: boolean;
  handle(
    request: HotRequest,
    call: ServedCall & { readonly params: Readonly<Record<string, string>> },
  ): HotResponse | Promise<HotResponse>;
}

/** State that goes from one running copy to the next. */
export interface ServedState {
  readonly version: number;
  /** The oldest version that `take` understands; default: `version`. */
  readonly oldest?: number;
  /** The oldest version that `give` can write; default: `version`. */
  readonly returnsTo?: number;
  give(version: number): Uint8Array | Promise<Uint8Array>;
  /** With `rehearse` it only tries: nothing is taken over. A throw refuses the state. */
  take(state: {
    readonly version: number;
    readonly bytes: Uint8Array;
    readonly rehearse: boolean;
  }): void | Promise<void>;
}

/** A plugin written for Node that hosts of other kinds start too: see `servePlugin`. */
export interface ServedPlugin {
  /** Reads its config. It takes nothing yet that only one copy can have. */
  initialize?(start: ServedStart): void | Promise<void>;
  /** Takes what only one copy can have. */
  start?(): void | Promise<void>;
  stop?(reason: string): void | Promise<void>;
  health?(): { readonly healthy: boolean; readonly reason?: string };
  readonly methods?: Readonly<Record<string, (data: unknown, call: ServedCall) => unknown>>;
  readonly routes?: readonly ServedRoute[];
  readonly state?: ServedState;
}
