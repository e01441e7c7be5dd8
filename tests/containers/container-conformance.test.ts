import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRuntime } from '@hotswap/runtime';
import { ContainerEngine } from '@hotswap/sandbox';
import { describeIsolate } from '@hotswap/test-kit';
import { afterAll, beforeAll } from 'vitest';
import { describeAnyEngine, type TestEngine } from '../../packages/sandbox/test/containers/engines.ts';

/** A container starts in more time than the suite gives a call. */
const callTimeoutMs = 2_000;

describeAnyEngine('the contract of isolates', (start) => {
  let engine: TestEngine;
  let folder: string;
  let made = 0;
  beforeAll(async () => {
    engine = await start();
    folder = await mkdtemp(join(tmpdir(), 'conformance-'));
    await writeFile(join(folder, 'hotswap.toml'), configFor(engine));
    const containers = new ContainerEngine({ command: engine.command });
    await (await containers.images()).base();
    await containers.close();
  }, 120_000);
  afterAll(async () => {
    await engine.close();
    await rm(folder, { recursive: true });
  }, 60_000);

  describeIsolate('container', (options) =>
    createRuntime({
      ...options,
      config: join(folder, 'hotswap.toml'),
      // Each test is the first of its host.
      data: join(folder, `data-${++made}`),
      isolation: 'container',
      limits: { ...options.limits, callTimeoutMs, spares: 0 },
      environment: {},
      guardProcess: false,
    }),
  );
});

function configFor({ command }: TestEngine): string {
  return `[plugins]
autoLoad = false
[plugins.security]
verifySignatures = false
[plugins.security.container]
engine = ${JSON.stringify(command)}
`;
}
