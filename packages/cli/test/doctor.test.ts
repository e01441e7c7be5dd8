import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Server } from '@hotswap/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DoctorResult } from '../src/commands/doctor/doctor-result.ts';
import { runCommandLine } from '../src/command-line.ts';
import { serveFolder } from './served-folder.ts';
import { captureTerminal } from './captured-terminal.ts';
import { answering, makeFolder, writePlugin } from './plugin-folder.ts';

/** A global that the plugin's old generations stay in. */
const forgetful = `
    const seen: number[] = [];
    function remember() { return seen; }
    ((globalThis as any).forgottenByDoctorTest ??= []).push(remember);`;

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await makeFolder('doctor');
  await writePlugin(join(folder, 'plugins'), { name: 'greeter', start: answering('/hello', 'hello') });
  await writePlugin(join(folder, 'plugins'), { name: 'forgetful', start: forgetful });
  await writePlugin(join(folder, 'plugins'), { name: 'broken', start: "throw new Error('no database');" });
  server = await serveFolder(folder, '[plugins]\nwatch = false\nprobation = "0s"\n');
});

afterAll(async () => {
  Reflect.deleteProperty(globalThis, 'forgottenByDoctorTest');
  await server.close();
  await rm(folder, { recursive: true });
});

async function doctor(flags = '', env: Readonly<Record<string, string>> = {}) {
  const terminal = captureTerminal({
    cwd: folder,
    env: { HOTSWAP_URL: server.url, HOTSWAP_SERVER_DATA: 'data', ...env },
  });
  const exitCode = await runCommandLine(['doctor', ...flags.split(' ').filter(Boolean)], terminal);
  return {
    exitCode,
    out: terminal.out(),
    err: terminal.err(),
    json: () => JSON.parse(terminal.out()) as DoctorResult,
  };
}

describe('a running server', () => {
  test('is asked for its own machine, its plugins and its memory', async () => {
    const { exitCode, out } = await doctor();
    expect(out).toMatch(/^environment\n {2}ok {7}Node \d+/);
    expect(out).toContain(`ok       a server answers at ${server.url}`);
    expect(out).toContain('ok       greeter is active');
    expect(out).toMatch(/^PLUGIN +GENERATION +STATE +ISOLATION/m);
    expect(out).toMatch(/^greeter +1 +active +basic +0 /m);
    expect(exitCode).toBe(1);
  });

  test('a failed plugin is a problem, with its reason and what to do', async () => {
    const { out } = await doctor();
    expect(out).toMatch(/problem {2}broken has failed: .*no database/);
    expect(out).toContain('-> mend it and run "hotswap plugin restart broken", or disable it');
    expect(out).toMatch(/\d+ ok, \d+ warnings?, 1 problem$/m);
  });

  test('--leaks names what keeps an old generation, in its author’s file', async () => {
    await server.runtime.reload('forgetful');
    await server.runtime.reload('greeter');
    const { exitCode, out, err } = await doctor('--leaks');
    expect(exitCode).toBe(1);
    expect(err).toContain('answers nothing until that is done');
    const place = `${join(folder, 'plugins/forgetful/src/index.ts')}:6`;
    expect(out).toContain(`generation 1 of forgetful cannot be collected`);
    expect(out).toContain(`global globalThis.forgottenByDoctorTest keeping remember at ${place}`);
    expect(out).not.toContain('of greeter cannot be collected');
    expect(out).toContain('in which the server stood still');
  });

  test('--json has a stable shape', async () => {
    const { out, json } = await doctor('--leaks --json');
    const result = json();
    expect(Object.keys(result)).toEqual([
      'server',
      'summary',
      'takenAt',
      'checks',
      'generations',
      'lingering',
      'stuck',
      'activeResources',
      'census',
      'searching',
      'leaks',
      'timestamp',
    ]);
    expect(result.server).toEqual({ url: server.url, answers: true });
    expect(result.summary.problem).toBe(2);
    expect(result.leaks?.leaked[0]).toMatchObject({
      plugin: 'forgetful',
      generation: 1,
      reasons: [{ kind: 'global' }],
    });
    expect(out).not.toContain('HOTSWAP_TOKEN');
  });

  test('a search needs the token, and is one at a time', async () => {
    const ask = (token: string): Promise<Response> =>
      fetch(`${server.url}/plugins/doctor`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: '{"leaks":true}',
      });
    expect((await ask('wrong')).status).toBe(401);
    const search = server.runtime.diagnose({ leaks: true });
    await expect(server.runtime.diagnose({ leaks: true })).rejects.toMatchObject({ code: 'DIAGNOSIS_RUNNING' });
    expect((await doctor('--leaks')).exitCode).toBe(5);
    expect((await search).leaks?.leaked).toHaveLength(1);
  });
});

describe('without a server', () => {
  const nobody = { HOTSWAP_URL: 'http://127.0.0.1:9' };

  test('the environment and the config file are looked at, and that is said', async () => {
    const { exitCode, out } = await doctor('', nobody);
    expect(exitCode).toBe(0);
    expect(out).toContain('no server answers at http://127.0.0.1:9: only the environment of this command');
    expect(out).toContain(`the config file ${join(folder, 'hotswap.toml')} is valid`);
    expect(out).not.toContain('greeter');
  });

  test('a config file that cannot be used is a problem, with line and column', async () => {
    await writeFile(join(folder, 'bad.toml'), '[plugins]\nwatchh = true\n');
    const { exitCode, out } = await doctor('--config bad.toml', nobody);
    expect(exitCode).toBe(1);
    expect(out).toMatch(/problem {2}the config file .*bad\.toml cannot be used: .*watchh/s);
    expect(out).toMatch(/2:1/);
  });

  test('management that others can reach without TLS is a warning', async () => {
    await writeFile(join(folder, 'open.toml'), '[server]\nbind = "0.0.0.0:8080"\n');
    const { out } = await doctor('--config open.toml', nobody);
    expect(out).toContain('warning  management answers on 0.0.0.0, port 8080, without TLS');
  });

  test('a file that was named and is not there is a problem', async () => {
    expect((await doctor('--config none.toml', nobody)).exitCode).toBe(1);
  });

  test('a search is refused', async () => {
    const { exitCode, err } = await doctor('--leaks', nobody);
    expect(exitCode).toBe(7);
    expect(err).toContain('SERVER_UNREACHABLE');
  });
});

test('a server that answers with something else is a problem', async () => {
  const other = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as AddressInfo;
  const { exitCode, out } = await doctor('', { HOTSWAP_URL: `http://127.0.0.1:${port}` });
  expect(exitCode).toBe(1);
  expect(out).toMatch(/problem {2}the server at .* could not be asked/);
  other.close();
});
