import { CodedError, type WireError } from '@hotswap/protocol';
import type { Operation } from '../status.ts';

/** One step of a swap and how long it took. */
export interface SwapStep {
  readonly name:
    | 'load'
    | 'check'
    | 'evaluate'
    | 'rehearse'
    | 'park'
    | 'export'
    | 'start'
    | 'warm-up'
    | 'route'
    | 'publish'
    | 'revive'
    | 'drain'
    | 'rollback'
    | 'stop';
  readonly durationMs: number;
  readonly error?: WireError;
}

/** What a change of one plugin came to. Returned, never thrown: a refused candidate is a result. */
export interface SwapReport {
  /** `swapped`: the new generation serves. `kept`: the old one never stopped. `failed`: there was no old one. */
  readonly outcome: 'swapped' | 'configured' | 'unloaded' | 'kept' | 'failed';
  readonly operation: Operation;
  readonly operationId: string;
  readonly plugin: string;
  /** Generation numbers; undefined when there was none before, or none after. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly steps: readonly SwapStep[];
  readonly reason?: WireError;
  /** Requests held back, taken over and cancelled. */
  readonly parked: number;
  readonly carried: number;
  readonly cancelled: number;
  /** Answered calls whose writes are gone, because there was no way to migrate the state down. */
  readonly lost: number;
  readonly durationMs: number;
}

/** The refusal in a report as an error to throw; `undefined` when the change was made. */
export function reportError({ reason }: SwapReport): CodedError | undefined {
  return reason && new CodedError(reason);
}

/** A report before anything has happened. */
export function emptyReport(about: Pick<SwapReport, 'outcome' | 'operation' | 'operationId' | 'plugin'>): SwapReport {
  return {
    ...about,
    from: undefined,
    to: undefined,
    steps: [],
    parked: 0,
    carried: 0,
    cancelled: 0,
    lost: 0,
    durationMs: 0,
  };
}
