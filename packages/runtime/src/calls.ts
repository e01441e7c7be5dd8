import type { MaybePromise } from '@hotswap/sdk';
import { fail } from './errors.ts';
import type { GuestHandler } from './guest/guest-host.ts';
import type { Generation } from './plugin/generation.ts';
import type { CallOptions } from './plugin/plugin-call.ts';
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

  /** What was looked up stands until something is published: a call in between looks nothing up. */
  bind<Input, Output>(plugin: string, method: string): MethodInvoker<Input, Output> {
    let version = -1;
    let found: Found | undefined;
    return (data, options) => {
      if (found === undefined || version !== this.#router.version) {
        found = this.#find(plugin, method);
        version = this.#router.version;
      }
      return found.generation.callMethod(found.handler, data, options) as MaybePromise<Output>;
    };
  }

  #find(plugin: string, method: string): Found {
    const slot = this.#roster.get(plugin);
    const { current, publicState } = slot;
    if (current === undefined || publicState === 'unloading') {
      throw fail('PLUGIN_UNAVAILABLE', { plugin, state: publicState });
    }
    const methods = [...current.registered('method')];
    const found = methods.find(({ registration }) => registration.name === method);
    if (found) return { generation: current, handler: found.handler };
    const known = methods.map(({ registration }) => registration.name).join(', ') || 'none';
    throw fail('METHOD_UNKNOWN', { plugin, method, known });
  }
}
