import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { credentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { PluginClient } from '../src/calls/plugin-client.ts';
import { nodeGreeter, startHost, writeShellPlugin } from './running-host.ts';
import { temporaryFolder } from './toolchains.ts';

const run = promisify(execFile);
const folder = temporaryFolder();
const program = [
  process.execPath,
  '--conditions=@hotswap/source',
  join(import.meta.dirname, 'fixtures/faulty-plugin/main.ts'),
].join(' ');

/** Why a plugin that breaks its word in that way does not load. */
async function whyNot(fault: string): Promise<unknown> {
  const { runtime } = await startHost();
  return (await runtime.load(writeShellPlugin(folder, fault, { script: `exec ${program} ${fault}` }))).reason;
}

test('a plugin whose health service is missing, or says no, is refused', async () => {
  expect(await whyNot('no-health')).toMatchObject({
    code: 'GRPC_NOT_SERVING',
    message: expect.stringContaining('it has none'),
  });
  expect(await whyNot('not-serving')).toMatchObject({
    code: 'GRPC_NOT_SERVING',
    message: expect.stringContaining('NOT_SERVING'),
  });
});

test('a plugin that does not serve the service of plugins is refused by the call that it failed', async () => {
  expect(await whyNot('no-plugin')).toMatchObject({
    code: 'GRPC_CALL_FAILED',
    message: expect.stringMatching(/Initialize with UNIMPLEMENTED/),
  });
});

test('a plugin that registers one number twice is refused', async () => {
  expect(await whyNot('twice')).toMatchObject({
    code: 'GRPC_MESSAGE_INVALID',
    message: expect.stringContaining('two registrations with the id 1'),
  });
});

test('a plugin that nobody listens for where it said so is given up in time', async () => {
  const file = join(folder, 'nobody.sock');
  writeFileSync(file, '');
  const client = new PluginClient('absent', {
    address: `unix:${file}`,
    credentials: credentials.createInsecure(),
    token: undefined,
    isRemote: false,
    exited: new Promise(() => {}),
    end: async () => {},
  });
  await expect(client.ready(200)).rejects.toMatchObject({ code: 'GRPC_UNREACHABLE', kind: 'unavailable' });
  client.close();
});

test('a plugin that is started by hand says what it is', async () => {
  const [node = '', ...args] = nodeGreeter;
  const bare = run(node, args, { env: { PATH: process.env['PATH'] }, timeout: 15_000 });
  await expect(bare).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('PLUGIN_NOT_LAUNCHED') });
});
