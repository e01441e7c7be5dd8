import { expect, expectTypeOf, it } from 'vitest';
import { definePlugin, isPluginDefinition } from './define-plugin.ts';
import { extensionPoint } from './extension-point.ts';
import { defineService, method, type ServiceClient } from './service-ref.ts';

it('knows a plugin by its brand or its shape, from whatever copy of the package', () => {
  expect(isPluginDefinition(definePlugin({ start() {} }))).toBe(true);
  expect(isPluginDefinition({ start: () => undefined })).toBe(true);
  for (const other of [undefined, null, 7, 'start', {}, { start: 'now' }, () => {}])
    expect(isPluginDefinition(other)).toBe(false);
});

it('leaves the definition it was given as it was', () => {
  const written = Object.freeze({ start() {} });
  expect(definePlugin(written)).not.toBe(written);
  expect(definePlugin(written).start).toBe(written.start);
});

it('types config, state and services from end to end', () => {
  definePlugin<{ size: number }>({
    start(ctx) {
      expectTypeOf(ctx.config).toEqualTypeOf<Readonly<{ size: number }>>();
      return {
        configure(next, previous) {
          expectTypeOf(next.size).toBeNumber();
          expectTypeOf(previous.size).toBeNumber();
        },
      };
    },
  });
  const geo = defineService('geo', { locate: method<{ ip: string }, { country: string }>() });
  expect(geo.name).toBe('geo');
  expectTypeOf<ServiceClient<typeof geo.methods>['locate']>().returns.resolves.toEqualTypeOf<{ country: string }>();
  expectTypeOf<ServiceClient<typeof geo.methods>['locate']>().parameter(0).toEqualTypeOf<{ ip: string }>();
  expectTypeOf(extensionPoint<number, string>().input).toEqualTypeOf<number | undefined>();
});
