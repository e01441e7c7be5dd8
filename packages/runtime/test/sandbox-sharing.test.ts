import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseRuntimeConfig } from '../src/config/runtime-config.ts';
import { pluginFiles, run, temporaryFolder, until, write } from './running-runtime.ts';
import { describeSandbox, sandboxHost } from './sandbox-host.ts';

const { allowMissing } = sandboxHost;

/** What each of several plugins does that may share a process. */
const body = `
  globalThis.met = (globalThis.met ?? new Set()).add(ctx.plugin ?? NAME);
  ctx.http.get('/' + NAME, () => new Response([...globalThis.met].toSorted().join(' ')));
  ctx.http.get('/' + NAME + '/slow', async () => { await ctx.clock.sleep(300); return new Response('from ' + ctx.generation); });
  ctx.http.get('/' + NAME + '/generation', () => new Response(String(ctx.generation)));
  ctx.http.get('/' + NAME + '/die', () => process.reallyExit(3));
  ctx.http.get('/' + NAME + '/wait', () => new Promise(() => {}));
  ctx.http.get('/' + NAME + '/fault', () => { setTimeout(() => { throw new Error('thrown by ' + NAME); }); return new Response('soon'); });`;

async function host(
  folder: string,
  names: readonly string[],
  capabilities: Readonly<Record<string, object>> = {},
  ofPlugins = '',
) {
  for (const name of names) {
    const manifest = {
      isolation: 'sandbox',
      capabilities: capabilities[name] ?? {},
      recovery: { backoff: { strategy: 'fixed', from: '10ms' } },
    };
    await write(folder, pluginFiles(name, body.replaceAll('NAME', `'${name}'`), manifest));
  }
  const text = [
    '[plugins]',
    ofPlugins,
    '[plugins.security]',
    'verifySignatures = false',
    ...names.flatMap((name) => [`[plugins.${name}]`, 'shareProcess = "group"']),
  ];
  const { config } = parseRuntimeConfig(text.join('\n'), {
    format: 'toml',
    file: 'hotswap.toml',
    env: {},
    cwd: folder,
  });
  const running = await run({ config, allowMissing, limits: { spares: 0 } });
  return Object.assign(running, { load: (name: string) => running.runtime.load(join(folder, name)) });
}

describeSandbox('plugins that share a process', () => {
  it('run beside each other in one, each with its own routes, faults and end', async () => {
    await using folder = await temporaryFolder();
    await using running = await host(folder.path, ['ada', 'bob', 'eve']);
    for (const name of ['ada', 'bob', 'eve']) expect((await running.load(name)).reason).toBeUndefined();
    expect(running.runtime.status().processes).toMatchObject({ alive: 1 });
    expect(await running.get('/ada')).toEqual([200, 'ada bob eve']);

    expect(await running.get('/bob/fault')).toEqual([200, 'soon']);
    await until(() => running.lines.some(({ fields }) => fields['error'] === 'thrown by bob'), 'the fault was told');
    const told = running.lines.find(({ fields }) => fields['error'] === 'thrown by bob');
    expect(told?.fields).toMatchObject({ plugin_name: 'bob' });

    await running.runtime.unload('ada');
    expect(await running.get('/bob')).toEqual([200, 'ada bob eve']);
    expect(running.runtime.status().processes).toMatchObject({ alive: 1 });
    await running.runtime.reload('bob');
    expect(await running.get('/bob')).toEqual([200, 'ada bob eve']);
    for (const name of ['bob', 'eve']) await running.runtime.unload(name);
    await until(() => running.runtime.status().processes.alive === 0, 'the process ended with its last plugin');
  });

  it('all end with it, and come back in another', async () => {
    await using folder = await temporaryFolder();
    await using running = await host(folder.path, ['ada', 'bob']);
    for (const name of ['ada', 'bob']) await running.load(name);
    const waiting = running.get('/ada/wait');
    const [status, text] = await running.get('/bob/die');
    expect([status, JSON.parse(text).error.code]).toEqual([502, 'ISOLATE_EXITED']);
    expect((await waiting)[0]).toBe(502);
    const isBack = (name: string) =>
      running.status(name).state === 'active' && (running.status(name).generation ?? 0) > 1;
    await until(() => isBack('ada') && isBack('bob'), 'both serve again');
    expect(await running.get('/ada')).toEqual([200, 'ada bob']);
    expect(running.runtime.status().processes).toMatchObject({ alive: 1 });
  });

  it('are refused where one may do what the others may not', async () => {
    await using folder = await temporaryFolder();
    await using running = await host(folder.path, ['ada', 'bob'], { bob: { secrets: ['key'] } });
    await running.load('ada');
    expect(await running.load('bob')).toMatchObject({
      outcome: 'failed',
      reason: { code: 'PROCESS_NOT_SHAREABLE', details: { plugin: 'bob', group: 'group' } },
    });
    expect(await running.get('/ada')).toEqual([200, 'ada']);
  });

  it('are swapped alone: two generations of one are in the process for a while, beside the others', async () => {
    await using folder = await temporaryFolder();
    await using running = await host(folder.path, ['ada', 'bob']);
    for (const name of ['ada', 'bob']) await running.load(name);
    const slow = running.get('/bob/slow');
    const other = running.get('/ada/slow');
    await running.get('/ada/generation');
    await running.runtime.reload('bob', { wait: 'published' });
    expect(await running.get('/bob/generation')).toEqual([200, '2']);
    expect(await slow).toEqual([200, 'from 1']);
    expect(await other).toEqual([200, 'from 1']);
    expect(running.runtime.status().processes).toMatchObject({ alive: 1 });
  });

  it('are twenty in little more than one takes', async () => {
    await using folder = await temporaryFolder();
    const names = Array.from({ length: 20 }, (_, index) => `p${index}`);
    await using running = await host(folder.path, names, {}, 'usageInterval = "50ms"');
    const memory = async (): Promise<number> => {
      const before = running.status('p0').usage?.at ?? 0;
      await until(() => (running.status('p0').usage?.at ?? 0) > before + 100, 'it was looked at');
      return (running.status('p0').usage?.memoryBytes ?? NaN) / 1_048_576;
    };
    await running.load('p0');
    const first = await memory();
    for (const name of names.slice(1)) expect((await running.load(name)).reason).toBeUndefined();
    for (const name of names) expect((await running.get(`/${name}`))[0]).toBe(200);
    const all = await memory();
    const eachMB = (all - first) / 19;
    console.log(
      `one plugin in a process: ${first.toFixed(1)} MB; twenty: ${all.toFixed(1)} MB, each more ${eachMB.toFixed(2)} MB`,
    );
    expect(running.runtime.status().processes).toMatchObject({ alive: 1 });
    expect(eachMB).toBeLessThan(7);
  });
});
