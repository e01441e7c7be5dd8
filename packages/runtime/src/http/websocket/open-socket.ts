import type { EventEmitter } from 'node:events';

/**
 * What is used of a socket of `ws`. It is written out, so that the types of this package need none of `ws`, which has
 * its own only in another package.
 */
export interface OpenSocket extends EventEmitter {
  readonly bufferedAmount: number;
  readonly isPaused: boolean;
  send(data: string | Uint8Array, options: { readonly binary: boolean }): void;
  ping(): void;
  pause(): void;
  resume(): void;
  close(code: number, reason: string): void;
  terminate(): void;
}

/** A message as `ws` hands it over. */
export type RawMessage = Buffer | ArrayBuffer | Buffer[];
