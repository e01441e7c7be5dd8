import type { ShopVersion } from './shop-version.ts';

/** What is done to the running plugin. */
export type Change =
  | { readonly type: 'ship'; readonly version: ShopVersion }
  | { readonly type: 'configure'; readonly config: { readonly word: string } }
  | { readonly type: 'rollback' };

/**
 * How a change ends. `swapped`: what was asked for serves. `refused`: it never served a request, the version before
 * went on. `returned`: it served, failed, and the version before took its place again.
 */
export type Ending = 'swapped' | 'refused' | 'returned';

export interface Scenario {
  readonly title: string;
  readonly change: Change;
  readonly ending: Ending;
  /** What every request is answered once the change has ended. */
  readonly serves: string;
}

export const firstVersion: ShopVersion = { version: '1.0.0' };
export const firstAnswer = '1.0.0 hello';

/** What the demo goes through, in this order. Each starts from what the one before left serving. */
export const scenarios: readonly Scenario[] = [
  {
    title: '2.0.0 is shipped',
    change: { type: 'ship', version: { version: '2.0.0' } },
    ending: 'swapped',
    serves: '2.0.0 hello',
  },
  {
    title: '2.1.0 is shipped',
    change: { type: 'ship', version: { version: '2.1.0' } },
    ending: 'swapped',
    serves: '2.1.0 hello',
  },
  {
    title: '3.0.0 has a syntax error',
    change: { type: 'ship', version: { version: '3.0.0', atRequest: 'return new Response(;' } },
    ending: 'refused',
    serves: '2.1.0 hello',
  },
  {
    title: '3.0.1 crashes when it starts',
    change: { type: 'ship', version: { version: '3.0.1', atStart: "throw new Error('no database')" } },
    ending: 'refused',
    serves: '2.1.0 hello',
  },
  {
    title: '3.0.2 fails its health check',
    change: {
      type: 'ship',
      version: { version: '3.0.2', health: "{ status: 'unhealthy', reason: 'stock is empty' }" },
    },
    ending: 'refused',
    serves: '2.1.0 hello',
  },
  {
    title: '3.1.0 takes half a second to start',
    change: { type: 'ship', version: { version: '3.1.0', atStart: 'await ctx.clock.sleep(500);' } },
    ending: 'swapped',
    serves: '3.1.0 hello',
  },
  {
    title: '4.0.0 answers errors once it serves',
    change: { type: 'ship', version: { version: '4.0.0', atRequest: "throw new Error('price is undefined');" } },
    ending: 'returned',
    serves: '3.1.0 hello',
  },
  {
    title: 'the config is changed',
    change: { type: 'configure', config: { word: 'welcome' } },
    ending: 'swapped',
    serves: '3.1.0 welcome',
  },
  {
    title: 'an operator goes back to the config before',
    change: { type: 'rollback' },
    ending: 'swapped',
    serves: '3.1.0 hello',
  },
];
