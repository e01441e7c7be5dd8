import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pluginFiles, run, temporaryFolder, until, write } from './running-runtime.ts';
import { describeSandbox, sandboxHost } from './sandbox-host.ts';

const { allowMissing } = sandboxHost;

const counter = `
  export default {
    swap: 'exclusive',
    state: { version: 1 },
    start(ctx, state) {
      let total = state?.total ?? 0;
      ctx.http.post('/count', () => new Response(String(++total)));
      return { exportState: () => ({ total }) };
    },
  };`;

describeSandbox('a plugin with state', () => {
  it('goes up to a confined process and back, level by level, and counts on', async () => {
    await using folder = await temporaryFolder();
    await write(folder.path, { ...pluginFiles('counter', '', { isolation: 'none' }), 'counter/index.js': counter });
    await using host = await run({ allowMissing });
    await host.runtime.load(join(folder.path, 'counter'));
    let count = 0;
    for (const level of ['basic', 'strict', 'sandbox', 'strict', 'basic', 'none'] as const) {
      expect(await host.get('/count', { method: 'POST' })).toEqual([200, String(++count)]);
      expect(await host.runtime.promote('counter', level)).toMatchObject({ outcome: 'swapped' });
      expect(host.status('counter')).toMatchObject({ isolation: level });
    }
    expect(await host.get('/count', { method: 'POST' })).toEqual([200, String(++count)]);
    await until(() => host.runtime.status().processes.alive === 0, 'the process is gone');
  });
});

describeSandbox('reloads', () => {
  it('leave no process, no spare too many and no open stream behind', async () => {
    await using folder = await temporaryFolder();
    await write(
      folder.path,
      pluginFiles('plain', `ctx.http.get('/', () => new Response('hello'));`, { isolation: 'sandbox' }),
    );
    await using host = await run({ allowMissing, limits: { spares: 1 } });
    await host.runtime.load(join(folder.path, 'plain'));
    const streams = () => process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length;
    const settled = () => {
      const { alive, spares } = host.runtime.status().processes;
      return alive === 1 && spares === 1;
    };
    await until(settled, 'a spare waits');
    const before = streams();
    for (let round = 0; round < 15; round++) {
      expect(await host.runtime.reload('plain')).toMatchObject({ outcome: 'swapped' });
      expect(await host.get('/')).toEqual([200, 'hello']);
    }
    await until(settled, 'a spare waits again');
    await until(() => streams() <= before, 'the streams of those before are closed');
  });
});
