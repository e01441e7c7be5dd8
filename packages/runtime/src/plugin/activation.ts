import type { Registration, RegistrationOf } from '@hotswap/protocol';
import type { ServiceState } from '@hotswap/sdk';
import { admitted } from './admission.ts';
import type { Generation } from './generation.ts';
import { inOwnWords } from './plugin-call.ts';
import type { PluginSlot } from './plugin-slot.ts';
import { fail } from '../errors.ts';
import type { GuestHandler } from '../guest/guest-host.ts';
import type { EventBus } from '../host-services/event-bus.ts';
import type { ExtensionPoints } from '../host-services/extension-points.ts';
import type { ServiceDirectory, ServiceMethod } from '../host-services/service-directory.ts';
import { watchService } from '../host-services/service-watch.ts';
import type { TaskScheduler } from '../host-services/task-scheduler.ts';
import type { Held } from '../routing/gate.ts';
import type { Lease } from '../routing/lease.ts';
import { followStream } from '../values/held-stream.ts';
import { partsIn, withParts } from '../values/value-parts.ts';

/** The host's boards that a published generation is pinned to. */
export interface ActivationBoards {
  readonly events: EventBus;
  readonly tasks: TaskScheduler;
  readonly services: ServiceDirectory;
  readonly extensions: ExtensionPoints;
}

/**
 * Makes tasks, subscriptions, watches, services and extension handlers of a generation live. This happens at publish and never
 * at start: else they would run in two generations at once.
 *
 * @returns what detaches all of them
 */
export function activate(slot: PluginSlot, generation: Generation, boards: ActivationBoards): () => void {
  const attached: (() => void)[] = [];
  const detach = (): void => {
    for (const undo of attached.splice(0).toReversed()) undo();
  };
  try {
    attachAll(slot, generation, { boards, attached });
  } catch (error) {
    detach();
    throw error;
  }
  return detach;
}

/** Aborted by whoever asked, by the time limit or by the end of the drain. Made on first touch: most never look. */
function optionsWith(lease: Lease, signal: AbortSignal): { readonly signal: AbortSignal } {
  return {
    get signal() {
      return AbortSignal.any([lease.signal, signal]);
    },
  };
}

/** Runs a call in `generation`, or in whichever takes it while a gate is up. */
function throughGate<T>(
  slot: PluginSlot,
  generation: Generation,
  caller: { readonly holds?: readonly Held[]; readonly signal?: AbortSignal | undefined },
  call: (into: Generation) => Promise<T>,
): Promise<T> {
  if (slot.gate === undefined) return call(generation);
  return admitted(slot, caller.holds ?? [], caller.signal).then(call);
}

/** Finds the handler that stands for the same thing in a generation; it searches once for each. */
function handlersFor<Type extends 'service' | 'extension' | 'task'>(
  type: Type,
  isSame: (registration: RegistrationOf<Type>) => boolean,
): (generation: Generation) => GuestHandler {
  let last: { readonly generation: number; readonly key: string } | undefined;
  return (generation) => {
    if (last?.generation !== generation.number) {
      const all = [...generation.registered(type)].map(({ registration }) => registration);
      const same: Registration | undefined = all.find(isSame);
      last = { generation: generation.number, key: `#${same?.id}` };
    }
    const handler = generation.handlerAt(last.key);
    if (handler !== undefined) return handler;
    throw fail('PLUGIN_UNAVAILABLE', { plugin: generation.plugin, state: `without the ${type} it had before` });
  };
}

/** Streams in the output of a service hold a lease of their own each: a generation drains until they have ended. */
function holdStreams(generation: Generation, name: string): (output: unknown) => unknown {
  return (output) => {
    const streams = partsIn(output, name).filter(({ type }) => type === 'stream');
    return withParts(output, streams, (part) => {
      if (part.type !== 'stream') return part;
      const lease = generation.leases.acquire();
      const { stream, breakOff } = followStream(part.stream, () => lease.release());
      lease.cutOff = breakOff;
      return stream;
    });
  };
}

/** Tells a watch of its plugin how a service stands. */
function teller(
  slot: PluginSlot,
  generation: Generation,
  watch: { readonly handler: GuestHandler; readonly over: AbortSignal },
): (state: ServiceState) => Promise<void> {
  const { handler, over } = watch;
  return async (state) => {
    try {
      // A generation that hands its state over must not learn of anything any more: the one that comes is told itself.
      if (slot.gate?.reason === 'parked' && (await admitted(slot, [], over)) !== generation) return;
      if (!over.aborted) await generation.callInBackground(handler, () => [state]);
    } catch {
      // Written to the log by the generation, and counted against it.
    }
  };
}

function attachAll(
  slot: PluginSlot,
  generation: Generation,
  { boards, attached }: { readonly boards: ActivationBoards; readonly attached: (() => void)[] },
): void {
  const who = { plugin: generation.plugin, generation: generation.number };
  for (const { registration, handler } of generation.registered('subscription')) {
    const deliver = async (event: unknown): Promise<void> =>
      void (await generation.callInBackground(handler, () => [event]));
    attached.push(boards.events.subscribe({ ...who, event: registration.event, handler: deliver }));
  }
  for (const { registration, handler } of generation.registered('watch')) {
    const over = new AbortController();
    const tell = teller(slot, generation, { handler, over: over.signal });
    const stop = watchService({ directory: boards.services, service: registration.service, tell });
    attached.push(() => {
      stop();
      over.abort(new Error('the watch is over'));
    });
  }
  for (const { registration } of generation.registered('service')) {
    const { name } = registration;
    const handlerIn = handlersFor('service', (other) => other.name === name);
    const methods: Record<string, ServiceMethod> = {};
    for (const method of registration.methods) {
      methods[method] = (input, { signal, caller }) =>
        throughGate(slot, generation, { holds: caller ? [caller] : [], signal }, (into) =>
          into.callInBackground(
            handlerIn(into),
            (lease) => [method, input, optionsWith(lease, signal)],
            into.callTimeoutMs,
            holdStreams(into, `${name}.${method} output`),
          ),
        ).catch(inOwnWords);
    }
    attached.push(boards.services.attach(name, { ...who, methods }));
  }
  for (const { registration } of generation.registered('extension')) {
    const { point, priority, id } = registration;
    const handlerIn = handlersFor('extension', (other) => other.point === point && other.id >= id);
    const ask = (input: unknown): Promise<unknown> =>
      throughGate(slot, generation, {}, (into) => into.callInBackground(handlerIn(into), () => [input]));
    attached.push(boards.extensions.attach({ ...who, point, priority, handler: ask }));
  }
  for (const { registration } of generation.registered('task')) {
    const { name, everyMs } = registration;
    // A run may take until the next one is due: hourly work is no request.
    const limitMs = Math.max(generation.callTimeoutMs, everyMs);
    const handlerIn = handlersFor('task', (other) => other.name === name);
    const run = (signal: AbortSignal): Promise<void> =>
      throughGate(slot, generation, { signal }, async (into) => {
        await into.callInBackground(handlerIn(into), (lease) => [optionsWith(lease, signal)], limitMs);
      });
    const task = boards.tasks.schedule({ plugin: who.plugin, name, everyMs, run });
    attached.push(() => task.stop());
  }
}
