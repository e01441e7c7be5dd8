import { messageOf } from '@hotswap/protocol';
import { CallWatch } from './breaker/call-watch.ts';
import { createOutageGate, type OutageView } from './outage/outage-gate.ts';
import { RecoveryLog, type RecoveryOutcome } from './recovery-log.ts';
import type { RecoveryChange, RecoveryParts } from './recovery-parts.ts';
import type { RecoveryPolicy } from './recovery-policy.ts';
import { attemptsWithin, decideRecovery, type RecoveryDecision } from './restart-policy.ts';
import type { DownPolicy } from './outage/down-policy.ts';
import { healerOf, type Symptom } from './symptoms.ts';
import { endQuietly, putUp, takeOut } from './outage/take-out.ts';
import { beginStory, isPassing, problemOf, type Story } from './story.ts';
import { WaitingRoom } from './outage/waiting-room.ts';
import { fail } from '../errors.ts';
import type { Generation } from '../plugin/generation.ts';
import type { PluginSlot } from '../plugin/plugin-slot.ts';
import type { Gate } from '../routing/gate.ts';
import type { PluginStatus } from '../status.ts';
import { toWireError } from '../swap/step-clock.ts';

/** How long clients are asked to wait where only an operator can help. */
const quarantineRetrySeconds = 60;

/** Everything that recovery knows of one plugin and does for it. */
export class PluginRecovery {
  readonly slot: PluginSlot;
  /** What was done, since the plugin was loaded. */
  readonly counts = { attempts: 0, quarantines: 0, escalations: 0 };
  readonly #parts: RecoveryParts;
  readonly #room: WaitingRoom;
  readonly #gate: Gate<Generation>;
  #watch: CallWatch | undefined;
  /** The generation that served last. */
  #last: Generation | undefined;
  #story: Story | undefined;
  #attempts: readonly number[] = [];
  #quarantine: DownPolicy | undefined;
  /** The breaker was left to itself: further openings are no news. */
  #isLeftToBreaker = false;
  /** An operator came in between: what was being healed. */
  #interrupted: { readonly symptom: Symptom; readonly problem: string } | undefined;

  constructor(parts: RecoveryParts, slot: PluginSlot) {
    this.slot = slot;
    this.#parts = parts;
    const { parkTimeoutMs, maxParked } = parts.limits;
    this.#room = new WaitingRoom({
      plugin: slot.name,
      clock: parts.clock,
      places: maxParked,
      timeoutMs: parkTimeoutMs,
    });
    this.#gate = createOutageGate({ plugin: slot.name, room: this.#room, look: () => this.#outageView() });
  }

  get #policy(): RecoveryPolicy {
    return this.#parts.policyOf(this.slot);
  }

  get #now(): number {
    return this.#parts.clock.ticks();
  }

  get status(): Required<Pick<PluginStatus, 'breaker' | 'recovery'>> {
    const policy = this.#policy;
    return {
      breaker: this.#watch?.breaker.state ?? 'closed',
      recovery: {
        policy: policy.failurePolicy,
        attempts: attemptsWithin(this.#attempts, this.#now, policy.withinMs).length,
        nextAttemptAt: this.#story?.nextAttemptAt,
        quarantined: this.#quarantine !== undefined,
        operationId: this.#story?.log.operationId,
      },
    };
  }

  /** About once a second: counters are remembered, and what only time changes is looked at. */
  tick(): void {
    if (this.#watch === undefined || this.slot.current?.state !== 'active') return;
    this.#watch.note(this.#now, this.#policy);
    this.look();
  }

  /** Looks at what the generation that serves has counted. */
  look(): void {
    const watch = this.#watch;
    if (watch === undefined || this.slot.current !== this.#last || this.#last?.state !== 'active') return;
    const policy = this.#policy;
    if (watch.judge(this.#now, policy)) this.#breakerMoved(watch);
    const symptom = watch.symptom(this.#now, policy);
    if (symptom === 'timeouts') this.#unresponsive(this.#last);
    if (symptom === 'faults') this.ails('faults', `${policy.faults.errors} errors outside any call`);
  }

  /** Makes gate and watch fit what serves now. To be called whenever the public state may have changed. */
  settle(): void {
    const { slot } = this;
    const { current } = slot;
    if (slot.operation !== 'remove' && slot.parking === undefined) {
      if (current?.state === 'active' && current !== this.#last) this.#serves(current);
      const isWanted = slot.wish.isEnabled || slot.publicState === 'loading';
      const isDown = current?.state === 'active' ? this.#watch?.breaker.state !== 'closed' : isWanted;
      putUp(this.#parts.swap, slot, isDown && this.#last ? { gate: this.#gate, last: this.#last } : undefined);
    }
    if (slot.publicState !== 'loading') this.#room.empty();
  }

  /** Its isolate ended. The watch hears of it next, where there is one, and acts. */
  exited(generation: Generation, error: Error): void {
    const { slot } = this;
    const parts = this.#parts;
    if (slot.probation?.previous === generation) slot.probation.conclude('the generation to return to has crashed');
    if (slot.current !== generation) return endQuietly(parts.swap, slot, generation);
    if (slot.operation === 'remove') return;
    if (healerOf('crash', slot.probation !== undefined) === 'watch') {
      // Where the watch could not return at once, nobody must be sent into what is gone meanwhile.
      queueMicrotask(() => this.#bury(generation, error));
      return;
    }
    this.#bury(generation, error);
    this.ails('crash', messageOf(error));
  }

  /** Something shows that the plugin is not well. */
  ails(symptom: Symptom, problem: string): void {
    const { slot } = this;
    if (!slot.wish.isEnabled || this.#quarantine !== undefined || slot.operation === 'remove') return;
    if (healerOf(symptom, slot.probation !== undefined) === 'watch') return;
    if (symptom === 'breaker' && this.#isLeftToBreaker) return;
    const story = this.#story;
    if (story === undefined) {
      this.#story = beginStory(new RecoveryLog(this.#parts.log, slot.name), symptom, problem);
    } else {
      // Already being seen to.
      if (story.phase === 'waiting' || story.phase === 'acting') return;
      story.cancel(new Error('another symptom'));
      story.symptom = symptom;
      story.problem = problem;
    }
    if (symptom === 'breaker' && this.#story) this.#story.openings++;
    this.#advance();
  }

  /** A failed health check is followed by a good one: there is nothing left to do. */
  healthy(): void {
    const { symptom, phase } = this.#story ?? {};
    if (symptom === 'health' && phase === 'waiting') this.#end('recovered', 'it says that it is healthy again');
  }

  /** An operator's verb begins: it outranks recovery and gives the plugin new attempts. */
  operatorActs(reason: string): void {
    const story = this.#story;
    this.#attempts = [];
    this.#isLeftToBreaker = false;
    if (story === undefined) return;
    if (story.phase === 'waiting' || story.phase === 'acting') this.#interrupted = story;
    this.#end('superseded', reason);
  }

  /** A verb that was not recovery's has ended. */
  verbEnded(actor: string): void {
    const { slot } = this;
    const interrupted = this.#interrupted;
    this.#interrupted = undefined;
    if (slot.current?.state === 'active' || slot.operation !== undefined || slot.needs !== undefined) return;
    if (!slot.wish.isEnabled || slot.failure === undefined) return;
    const isAlone = actor === 'start-up' || actor === 'watch';
    if (interrupted) this.ails(interrupted.symptom, slot.failure.message);
    else if (isAlone && isPassing(slot.failure)) this.ails('start-failed', slot.failure.message);
  }

  /** Nothing is begun any more. */
  close(): void {
    this.#end('closed', 'the runtime closes');
    this.#room.empty();
  }

  #serves(current: Generation): void {
    this.#last = current;
    this.#watch = new CallWatch(current, this.#now, this.#policy);
    this.#quarantine = undefined;
    this.#isLeftToBreaker = false;
    const { phase } = this.#story ?? {};
    // Somebody else has brought it up.
    if (phase === 'waiting' || phase === 'probing') this.#end('superseded', 'another generation serves');
  }

  /** Takes a generation that has crashed out of the table, if it is still in it. */
  #bury(generation: Generation, error: Error): void {
    const { slot } = this;
    const parts = this.#parts;
    if (slot.current !== generation || slot.parking !== undefined) return;
    slot.failure = toWireError(error);
    takeOut(parts, slot, { gate: this.#gate, reason: slot.failure.message });
  }

  /** What answers nobody is as good as dead: new requests must not wait for it as well. */
  #unresponsive(generation: Generation): void {
    const { slot } = this;
    const parts = this.#parts;
    if (healerOf('timeouts', slot.probation !== undefined) === 'watch' || slot.operation === 'remove') return;
    const { timeouts: calls } = this.#policy.faults;
    const limitMs = generation.callTimeoutMs;
    const error = fail('PLUGIN_UNRESPONSIVE', { plugin: slot.name, calls, limitMs });
    this.#bury(generation, error);
    if (slot.current !== generation) this.ails('timeouts', messageOf(error));
    else parts.log.debug({ plugin_name: slot.name }, 'a plugin that does not answer is changing hands');
  }

  #breakerMoved(watch: CallWatch): void {
    const { state } = watch.breaker;
    const { log } = this.#parts;
    log[state === 'open' ? 'warn' : 'info']({ plugin_name: this.slot.name, breaker: state }, 'breaker changed state');
    this.settle();
    if (state === 'open') this.ails('breaker', 'too many of its calls failed');
    if (state !== 'closed') return;
    this.#isLeftToBreaker = false;
    if (this.#story?.phase === 'probing') this.#end('recovered', 'its breaker has closed');
  }

  /** Decides what is next, writes it down, does it. */
  #advance(): void {
    const story = this.#story;
    if (story === undefined) return;
    const policy = this.#policy;
    this.#attempts = attemptsWithin(this.#attempts, this.#now, policy.withinMs);
    const facts = {
      symptom: story.symptom,
      attempts: this.#attempts,
      isPreviousTried: story.isPreviousTried,
      hasPrevious: this.slot.history.latest !== undefined,
      isFirstOpening: story.openings <= 1,
      now: this.#now,
    };
    const decision = decideRecovery(facts, policy, this.#parts.random());
    this.#carryOut(story, decision, policy);
  }

  #carryOut(story: Story, decision: RecoveryDecision, policy: RecoveryPolicy): void {
    const { problem, symptom, log } = story;
    switch (decision.type) {
      case 'attempt': {
        const { action, attempt, delayMs } = decision;
        const { maxAttempts } = policy;
        log.step(symptom, { decision: action, attempt, maxAttempts, delayMs, problem });
        this.#wait(story, delayMs, () => void this.#attempt(story, action));
        return;
      }
      case 'leave-to-breaker':
        log.step(symptom, { decision: 'let the breaker probe', delayMs: policy.breaker.openForMs, problem });
        story.phase = 'probing';
        if (!decision.isFinal) return;
        this.#isLeftToBreaker = true;
        this.#escalate(story, 'left-to-breaker');
        return;
      case 'give-up':
        log.step(symptom, { decision: decision.action, attempts: this.#attempts.length, problem });
        if (decision.action === 'disable') void this.#disable(story);
        else this.#quarantined(story, decision.action === 'quarantine' ? policy.failurePolicy : decision.action);
    }
  }

  #wait(story: Story, delayMs: number, work: () => void): void {
    const { clock } = this.#parts;
    story.phase = 'waiting';
    story.nextAttemptAt = clock.now() + delayMs;
    story.cancel = clock.after(delayMs, () => {
      story.nextAttemptAt = undefined;
      work();
    });
  }

  /** One try to bring a generation up, by the verb that an operator would use. */
  async #attempt(story: Story, action: 'restart' | 'reload-previous'): Promise<void> {
    const { slot } = this;
    const parts = this.#parts;
    const { verbs } = parts;
    const change = this.#change(story);
    if (action === 'reload-previous') story.isPreviousTried = true;
    else this.#attempts = [...this.#attempts, this.#now];
    this.counts.attempts++;
    const run =
      action === 'restart'
        ? verbs.restart(slot.name, { ...change, artifact: (slot.current ?? this.#last)?.artifact })
        : verbs.rollback(slot.name, change);
    const problem = await run.then(problemOf, messageOf);
    if (this.#story !== story) return;
    if (problem === undefined && slot.current?.state === 'active') return this.#settling(story, action);
    story.problem = problem ?? slot.failure?.message ?? 'it did not last';
    this.#advance();
  }

  #settling(story: Story, action: 'restart' | 'reload-previous'): void {
    const { clock } = this.#parts;
    const { toMs } = this.#policy.backoff;
    // Another version: what the one after it did is not held against it.
    if (action === 'reload-previous') this.#attempts = [];
    story.log.step(story.symptom, { decision: 'see whether it lasts', delayMs: toMs, generation: this.#last?.number });
    story.phase = 'settling';
    story.cancel = clock.after(toMs, () => this.#end('recovered', 'it has served since'));
  }

  async #disable(story: Story): Promise<void> {
    const { slot } = this;
    const parts = this.#parts;
    const problem = await parts.verbs.disable(slot.name, this.#change(story)).then(problemOf, messageOf);
    if (this.#story !== story) return;
    if (problem === undefined) return this.#escalate(story, 'disabled');
    story.problem = problem;
    this.#quarantined(story, this.#policy.failurePolicy);
  }

  #change(story: Story): RecoveryChange {
    const given = new AbortController();
    story.phase = 'acting';
    story.cancel = (reason) => given.abort(reason);
    const { symptom, log } = story;
    const reason = `recovery: ${symptom}`;
    return { actor: 'recovery', reason, operationId: log.operationId, signal: given.signal, wait: 'published' };
  }

  /** From now on nothing is tried: the plugin is `failed`, and something stands in, until an operator acts. */
  #quarantined(story: Story, policy: DownPolicy): void {
    const { slot } = this;
    const parts = this.#parts;
    const attempts = this.#attempts.length;
    this.#quarantine = policy;
    slot.failure = toWireError(fail('QUARANTINED', { plugin: slot.name, attempts, problem: story.problem }));
    this.counts.quarantines++;
    if (slot.current) takeOut(parts, slot, { gate: this.#gate, reason: slot.failure.message });
    else parts.noted(slot, slot.failure.message);
    this.#escalate(story, 'quarantined');
  }

  #escalate(story: Story, outcome: 'quarantined' | 'disabled' | 'left-to-breaker'): void {
    const { slot } = this;
    const parts = this.#parts;
    const { symptom, problem, log } = story;
    const attempts = this.#attempts.length;
    log.escalated({ symptom, problem, attempts, outcome });
    this.#end(outcome, problem);
    this.counts.escalations++;
    const at = parts.clock.now();
    parts.escalated({ plugin: slot.name, operationId: log.operationId, symptom, problem, attempts, outcome, at });
  }

  #end(outcome: RecoveryOutcome, reason: string): void {
    const story = this.#story;
    if (story === undefined) return;
    this.#story = undefined;
    story.cancel(new Error(reason));
    story.log.ended(outcome, reason);
  }

  /** How the plugin stands for somebody who asks at its gate. */
  #outageView(): OutageView {
    const { slot } = this;
    this.look();
    const { current } = slot;
    const policy = this.#policy;
    const breaker = current?.state === 'active' ? this.#watch?.breaker : undefined;
    const isAdmitted = breaker?.state === 'closed' || this.#watch?.takeProbe(this.#now, policy) === true;
    const openForMs = breaker === undefined ? 0 : breaker.since + policy.breaker.openForMs - this.#now;
    const waitMs = Math.max((this.#story?.nextAttemptAt ?? 0) - this.#parts.clock.now(), openForMs, 0);
    const isQuarantined = this.#quarantine !== undefined;
    return {
      isLoading: slot.publicState === 'loading',
      admits: breaker !== undefined && isAdmitted ? current : undefined,
      policy: this.#quarantine ?? policy.failurePolicy,
      response: policy.response,
      reason: isQuarantined ? 'quarantined' : breaker === undefined ? 'failed' : 'too many of its calls failed',
      retryAfterSeconds: isQuarantined ? quarantineRetrySeconds : Math.max(1, Math.ceil(waitMs / 1_000)),
    };
  }
}
