import type { MaybePromise } from '@hotswap/sdk';
import { fail } from './errors.ts';
import type { GuestHandler } from './guest/guest-host.ts';
import { admitted } from './plugin/admission.ts';
import type { Generation } from './plugin/generation.ts';
import type { CallOptions } from './plugin/plugin-call.ts';
import type { PluginSlot } from './plugin/plugin-slot.ts';
import type { Router } from './routing/router.ts';
import type { Roster } from './verbs/roster.ts';

/** Calls one method of one plugin: whichever generation serves at that moment. */
export type MethodInvoker<Input, Output> = (data: Input, options?: CallOptions) => MaybePromise<Output>;

interface Found {
  readonly generation: Generation;
  readonly handler: GuestHandler;
}

/** Finds the methods of plugins by name. */
export class PluginMethods {
  readonly #router: Router<Generation>;
  readonly #roster: Roster;

  constructor(router: Router<Generation>, roster: Roster) {
    this.#router = router;
    this.#roster = roster;
  }

  /** What was looked up stands until something is published, a gate included: a call in between looks nothing up. */
  bind<Input, Output>(plugin: string, method: string): MethodInvoker<Input, Output> {
    let version = -1;
    let found: Found | undefined;
    return (data, options) => {
      if (found === undefined || version !== this.#router.version) {
        const slot = this.#roster.get(plugin);
        const { gate } = slot;
        const isUnloading = gate?.reason === 'unloading';
        if (gate !== undefined && !isUnloading) return this.#atGate(slot, method, data, options) as Promise<Output>;
        found = findMethod(slot, isUnloading ? undefined : slot.current, method);
        version = this.#router.version;
      }
      return found.generation.callMethod(found.handler, data, options) as MaybePromise<Output>;
    };
  }

  async #atGate(slot: PluginSlot, method: string, data: unknown, options: CallOptions | undefined): Promise<unknown> {
    const { generation, handler } = findMethod(slot, await admitted(slot, [], options?.signal), method);
    return generation.callMethod(handler, data, options);
  }
}

/** @throws PLUGIN_UNAVAILABLE, METHOD_UNKNOWN */
function findMethod({ name: plugin, publicState }: PluginSlot, current: Generation | undefined, method: string): Found {
  if (current === undefined) throw fail('PLUGIN_UNAVAILABLE', { plugin, state: publicState });
  const methods = [...current.registered('method')];
  const found = methods.find(({ registration }) => registration.name === method);
  if (found) return { generation: current, handler: found.handler };
  const known = methods.map(({ registration }) => registration.name).join(', ') || 'none';
  throw fail('METHOD_UNKNOWN', { plugin, method, known });
}
