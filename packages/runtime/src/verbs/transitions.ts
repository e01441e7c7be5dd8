import type { EventEmitter } from 'node:events';
import { isCodedError, messageOf } from '@hotswap/protocol';
import type { Escalation } from '../recovery/recovery-parts.ts';
import type { Logger } from '@hotswap/sdk';
import { fail } from '../errors.ts';
import type { PluginSlot } from '../plugin/plugin-slot.ts';
import type { Violation } from '../resources/resource-monitor.ts';
import type { Transition, TransitionHooks } from '../runtime-options.ts';
import { withLimit } from '../swap/time-limit.ts';
import type { SwapReport } from '../swap/swap-report.ts';

/** What a runtime tells its host, by name of the event. */
export interface RuntimeEvents {
  /** A plugin went from one public state to another. */
  readonly transition: [Transition];
  /** A change came to its end, however it ended. */
  readonly report: [SwapReport];
  /** A watch returned a plugin to the generation before. */
  readonly rollback: [{ readonly plugin: string; readonly reason: string; readonly to: number | undefined }];
  /** Recovery has done what it may do, and the plugin is not well: an operator must act. */
  readonly escalation: [Escalation];
  /** A plugin went over a limit of what it may use. Told once, until it is within the limit again. */
  readonly violation: [Violation];
}

const hookLimitMs = 5_000;

/** Notices changes of public state: tells hooks, listeners and the log. The one place that does. */
export class Transitions {
  readonly #log: Logger;
  readonly #events: EventEmitter<RuntimeEvents>;
  readonly #hooks: TransitionHooks;

  constructor(parts: {
    readonly log: Logger;
    readonly events: EventEmitter<RuntimeEvents>;
    readonly hooks: TransitionHooks;
  }) {
    this.#log = parts.log;
    this.#events = parts.events;
    this.#hooks = parts.hooks;
  }

  /**
   * Asks the host before a change begins.
   *
   * @throws TRANSITION_VETOED
   */
  async askBefore(transition: Omit<Transition, 'at'>): Promise<void> {
    const { before } = this.#hooks;
    if (before === undefined) return;
    const timedOut = () => new Error(`the hook did not answer within ${hookLimitMs} ms`);
    try {
      await withLimit(Promise.resolve(before(transition)), { ms: hookLimitMs, signal: undefined, timedOut });
    } catch (error) {
      const { plugin, from, to } = transition;
      throw fail('TRANSITION_VETOED', { plugin, from, to, reason: messageOf(error) }, { cause: error });
    }
  }

  /** Looks whether a slot's public state has changed, and if so says it to everybody. */
  note(slot: PluginSlot, reason: string): void {
    const move = slot.notePublicState();
    if (move === undefined) return;
    const transition: Transition = { plugin: slot.name, ...move, reason, at: slot.noted.since };
    this.#log.info({ plugin_name: slot.name, from: move.from, to: move.to, reason }, 'plugin changed state');
    this.#events.emit('transition', transition);
    void this.#tellAfter(transition);
  }

  /** One line for each finished change, with the operation's id. */
  logReport(report: SwapReport): void {
    const { plugin, operation, operationId, outcome, from, to, durationMs, cancelled, reason } = report;
    const fields = {
      plugin_name: plugin,
      operation_id: operationId,
      operation,
      outcome,
      old_version: from,
      new_version: to,
      durationMs: Math.round(durationMs * 1_000) / 1_000,
      cancelled,
      ...(reason === undefined ? {} : { reason }),
    };
    if (outcome === 'kept' || outcome === 'failed') this.#log.warn(fields, 'plugin change was refused');
    else this.#log.info(fields, 'plugin change was made');
    this.#events.emit('report', report);
  }

  async #tellAfter(transition: Transition): Promise<void> {
    const { after } = this.#hooks;
    if (after === undefined) return;
    const timedOut = () => new Error(`the hook did not end within ${hookLimitMs} ms`);
    try {
      await withLimit(Promise.resolve(after(transition)), { ms: hookLimitMs, signal: undefined, timedOut });
    } catch (error) {
      const code = isCodedError(error) ? error.code : undefined;
      this.#log.error({ plugin_name: transition.plugin, code, error: messageOf(error) }, 'after-hook failed');
    }
  }
}
