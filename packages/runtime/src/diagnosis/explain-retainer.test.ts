import { expect, it } from 'vitest';
import { explainRetainer } from './explain-retainer.ts';
import type { RetainerStep } from './heap/found-retainer.ts';

const own = 'census greeter 7';
const code = { name: 'tick', file: '/plugins/greeter/index.js', line: 12, column: 3 };

function step(name: string, by: string, more: Partial<RetainerStep> & { readonly byType?: string } = {}): RetainerStep {
  const { byType = 'property', ...rest } = more;
  return { type: 'object', name, by: { type: byType, name: by }, ...rest };
}

const roots = [
  step('(GC roots)', '1', { type: 'synthetic', byType: 'element' }),
  step('(Global handles)', '10', { type: 'synthetic', byType: 'element' }),
];
const closure = (by: string) => step('tick', by, { type: 'closure', code, owner: own });

function explain(...path: readonly RetainerStep[]) {
  const nameOwner = (label: string) => (label === 'census geo 2' ? { plugin: 'geo', generation: 2 } : undefined);
  const retainer = { label: own, anchor: 'code', path: [...roots, ...path] } as const;
  return explainRetainer(retainer, { nameOwner, mapPlace: (place) => ({ ...place, file: 'src/index.ts' }) });
}

it('names a host request that still runs, with its id', () => {
  const lease = step('Lease', 'cancel', { requestId: 'r-12' });
  expect(explain(step('Exchange', 'lease'), lease, closure('bound_this')).text).toBe(
    'host: a request lease still open (request id r-12) keeping tick at src/index.ts:12',
  );
});

it('takes what the plugin keeps for itself for no reason', () => {
  const emitter = [step('EventEmitter', 'emitter', { byType: 'context' }), step('Object', '_events'), closure('data')];
  const { kind, text } = explain(step('Timeout', 'x', { isRepeating: false }), closure('_onTimeout'), ...emitter);
  expect({ kind, text }).toEqual({ kind: 'timer', text: 'timer (setTimeout) that calls tick at src/index.ts:12' });
});

it('looks no further than another generation, which is a reason of its own', () => {
  const other = step('system / Context', 'context', { byType: 'internal', owner: 'census geo 2' });
  const timer = step('Timeout', 'x', { isRepeating: true });
  const { kind, text } = explain(timer, other, step('Map', 'seen', { byType: 'context' }), closure('3'));
  expect({ kind, text }).toEqual({
    kind: 'variable',
    text: 'variable seen of plugin geo (generation 2) keeping tick at src/index.ts:12',
  });
});

it('a promise that a timer will settle is told with the timer', () => {
  const reaction = step('system / PromiseReaction', '1', { type: 'hidden', byType: 'hidden' });
  const { text } = explain(
    step('Timeout', 'x', { isRepeating: false }),
    step('Promise', 'p'),
    reaction,
    closure('context'),
  );
  expect(text).toContain('timer (setTimeout), for pending promise');
});

it('a handle that no known structure leads from is of unknown origin', () => {
  const { kind, text } = explain(closure('55'));
  expect(kind).toBe('handle');
  expect(text).toContain('native handle of unknown origin (Global handles)');
  const named = explain(step('UDP', '54', { byType: 'internal' }), closure('onmessage'));
  expect(named.text).toBe('native handle UDP keeping tick at src/index.ts:12');
});

it('what only a running function holds is said to be running', () => {
  const stack = [step('(GC roots)', '1', { type: 'synthetic' }), step('(Stack roots)', '2', { type: 'synthetic' })];
  const retainer = { label: own, anchor: 'code', path: [...stack, closure('3')] } as const;
  const parts = { nameOwner: () => undefined, mapPlace: (place: typeof code) => place };
  expect(explainRetainer(retainer, parts).kind).toBe('running');
});

it('the host’s own object is named by its class where nothing else is known', () => {
  const { kind, text } = explain(step('Registry', '3', { byType: 'internal' }), closure('newest'));
  expect({ kind, text }).toEqual({ kind: 'handle', text: 'native handle Registry keeping tick at src/index.ts:12' });
  const deep = explain(
    step('process', '1', { byType: 'internal' }),
    step('Registry', 'x', { byType: 'internal' }),
    closure('newest'),
  );
  expect(deep.text).toBe('host: newest of Registry keeping tick at src/index.ts:12');
});
