import type { Generation } from './generation.ts';
import type { EventBus } from '../host-services/event-bus.ts';
import type { ExtensionPoints } from '../host-services/extension-points.ts';
import type { ServiceDirectory, ServiceMethod } from '../host-services/service-directory.ts';
import type { TaskScheduler } from '../host-services/task-scheduler.ts';
import type { Lease } from '../routing/lease.ts';

/** The host's boards that a published generation is pinned to. */
export interface ActivationBoards {
  readonly events: EventBus;
  readonly tasks: TaskScheduler;
  readonly services: ServiceDirectory;
  readonly extensions: ExtensionPoints;
}

/**
 * Makes tasks, subscriptions, services and extension handlers of a generation live. This happens at publish and never
 * at start: else they would run in two generations at once.
 *
 * @returns what detaches all of them
 */
export function activate(generation: Generation, boards: ActivationBoards): () => void {
  const attached: (() => void)[] = [];
  const detach = (): void => {
    for (const undo of attached.splice(0).toReversed()) undo();
  };
  try {
    attachAll(generation, boards, attached);
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

function attachAll(generation: Generation, boards: ActivationBoards, attached: (() => void)[]): void {
  const who = { plugin: generation.plugin, generation: generation.number };
  for (const { registration, handler } of generation.registered('subscription')) {
    const deliver = async (event: unknown): Promise<void> =>
      void (await generation.callInBackground(handler, () => [event]));
    attached.push(boards.events.subscribe({ ...who, event: registration.event, handler: deliver }));
  }
  for (const { registration, handler } of generation.registered('service')) {
    const methods: Record<string, ServiceMethod> = {};
    for (const method of registration.methods) {
      methods[method] = (input, { signal }) =>
        generation.callInBackground(handler, (lease) => [method, input, optionsWith(lease, signal)]);
    }
    attached.push(boards.services.attach(registration.name, { ...who, methods }));
  }
  for (const { registration, handler } of generation.registered('extension')) {
    const { point, priority } = registration;
    const ask = (input: unknown): Promise<unknown> => generation.callInBackground(handler, () => [input]);
    attached.push(boards.extensions.attach({ ...who, point, priority, handler: ask }));
  }
  for (const { registration, handler } of generation.registered('task')) {
    const { name, everyMs } = registration;
    // A run may take until the next one is due: hourly work is no request.
    const limitMs = Math.max(generation.callTimeoutMs, everyMs);
    const run = async (signal: AbortSignal): Promise<void> =>
      void (await generation.callInBackground(handler, (lease) => [optionsWith(lease, signal)], limitMs));
    const task = boards.tasks.schedule({ plugin: who.plugin, name, everyMs, run });
    attached.push(() => task.stop());
  }
}
