import { expect, it } from 'vitest';
import { layerNames, type LayerState } from '../layers.ts';
import { decideLayers } from './decide-layers.ts';

const report = layerNames.map(
  (layer): LayerState => ({
    layer,
    status: layer === 'cgroup' || layer === 'guard' ? 'missing' : 'used',
  }),
);
const asked = { type: 'node', without: [], allowMissing: [] } as const;

it('refuses for each missing layer that nobody allowed to be missing', () => {
  expect(decideLayers(report, asked).refused.map(({ layer }) => layer)).toEqual(['cgroup', 'guard']);
  expect(decideLayers(report, { ...asked, allowMissing: ['guard'] }).refused.map(({ layer }) => layer)).toEqual([
    'cgroup',
  ]);
  expect(decideLayers(report, { ...asked, allowMissing: ['guard', 'cgroup'] }).refused).toEqual([]);
});

it('does not ask for layers that are left out, nor for those of Node around another program', () => {
  expect(decideLayers(report, { ...asked, without: ['cgroup', 'guard'] }).refused).toEqual([]);
  const { refused, states } = decideLayers(report, { ...asked, type: 'executable', allowMissing: ['cgroup'] });
  expect(refused).toEqual([]);
  expect(states.map(({ layer }) => layer)).toEqual(
    report.map(({ layer }) => layer).filter((layer) => layer !== 'permission-model' && layer !== 'guard'),
  );
});

it('limits processes together by polling where that was allowed, and not at all where it was left out', () => {
  expect(decideLayers(report, { ...asked, allowMissing: ['cgroup', 'guard'] }).limitsTogether).toBe(true);
  expect(decideLayers(report, { ...asked, without: ['cgroup'], allowMissing: ['guard'] }).limitsTogether).toBe(false);
});
