import { expect, it } from 'vitest';
import { judgeLayers } from './judge-layers.ts';

it('each layer of the sandbox has its line, and one that is missing says why and what to do', () => {
  const checks = judgeLayers([
    { layer: 'cgroup', status: 'used', how: 'cgroup v2' },
    { layer: 'namespaces', status: 'missing', error: 'bwrap: not found', advice: 'install bubblewrap' },
    { layer: 'seccomp', status: 'missing' },
  ]);
  expect(checks.map(({ id, level, message, action }) => [id, level, message, action])).toEqual([
    ['sandbox-cgroup', 'ok', 'level sandbox has cgroup (cgroup v2)', undefined],
    [
      'sandbox-namespaces',
      'warning',
      'level sandbox lacks namespaces on this host: bwrap: not found',
      'install bubblewrap',
    ],
    [
      'sandbox-seccomp',
      'warning',
      'level sandbox lacks seccomp on this host',
      'nothing runs at that level without it, unless allowMissing names seccomp',
    ],
  ]);
});
