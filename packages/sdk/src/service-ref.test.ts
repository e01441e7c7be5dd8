import { describe, expect, expectTypeOf, it } from 'vitest';
import type { PluginContext } from './plugin-context.ts';
import { type Callback, type CallbackHandle, defineService, method, type ServiceClient } from './service-ref.ts';

const market = defineService('market', {
  follow: method<{ symbol: string; onPrice: Callback<number, boolean> }, void>(),
  history: method<string, { body: ReadableStream }>(),
});

describe('a service', () => {
  it('has a name and its methods', () => {
    expect([market.name, Object.keys(market.methods)]).toEqual(['market', ['follow', 'history']]);
  });

  it('gives its consumers typed methods, which are always asynchronous', () => {
    type Client = ServiceClient<typeof market.methods>;
    expectTypeOf<Client['history']>().parameter(0).toEqualTypeOf<string>();
    expectTypeOf<Client['history']>().returns.toEqualTypeOf<Promise<{ body: ReadableStream }>>();
    expectTypeOf<Client['follow']>().parameter(1).toEqualTypeOf<{ readonly signal?: AbortSignal } | undefined>();
  });

  it('takes a callback where it asks for one, and no plain function of another shape', () => {
    type Follow = Parameters<ServiceClient<typeof market.methods>['follow']>[0];
    expectTypeOf<CallbackHandle<number, boolean>>().toExtend<Follow['onPrice']>();
    expectTypeOf<CallbackHandle<string, boolean>>().not.toExtend<Follow['onPrice']>();
    expectTypeOf<(price: number) => boolean>().not.toExtend<Follow['onPrice']>();
  });

  it('can be watched; a handle is made of a function that may answer at once', () => {
    expectTypeOf<PluginContext['watch']>().parameter(0).toHaveProperty('name');
    expectTypeOf<ReturnType<PluginContext['watch']>>().toEqualTypeOf<void>();
    const make = (ctx: Pick<PluginContext, 'callback'>) => ctx.callback((price: number) => price > 1);
    expectTypeOf(make).returns.toEqualTypeOf<CallbackHandle<number, boolean>>();
  });
});
