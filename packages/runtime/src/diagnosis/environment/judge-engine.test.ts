import { expect, it } from 'vitest';
import { judgeEngine } from './judge-engine.ts';

it('a host without an engine has one level fewer, which is no problem', () => {
  expect(judgeEngine({ problem: 'neither podman nor docker is installed' })).toMatchObject({
    level: 'ok',
    message: 'level container cannot be had: neither podman nor docker is installed',
  });
});

it('an engine is named, and what its containers lack is a warning', () => {
  expect(judgeEngine({ engine: 'podman 4.3.1', rootless: false, missing: [] })).toMatchObject({
    level: 'ok',
    message: 'level container has podman 4.3.1',
  });
  const missing = [{ layer: 'cgroup', status: 'missing', error: 'memory is not limited' }] as const;
  expect(judgeEngine({ engine: 'podman 4.3.1', rootless: true, missing })).toMatchObject({
    level: 'warning',
    message: 'level container has podman 4.3.1, without root, whose containers lack cgroup (memory is not limited)',
  });
});
