import { chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startHost, writeShellPlugin } from './running-host.ts';
import { temporaryFolder } from './toolchains.ts';

const folder = temporaryFolder();

/** Why a plugin whose program is that script does not load. */
async function whyNot(
  name: string,
  script: string,
  more: Omit<Parameters<typeof writeShellPlugin>[2], 'script'> = {},
): Promise<unknown> {
  const { runtime } = await startHost({}, { handshakeTimeoutMs: 300 });
  return (await runtime.load(writeShellPlugin(folder, name, { script, ...more }))).reason;
}

test('a program that prints something else first is refused with what it printed', async () => {
  expect(await whyNot('talks', 'echo hello world; exec sleep 60')).toMatchObject({
    code: 'PLUGIN_HANDSHAKE_INVALID',
    message: expect.stringContaining('"hello world"'),
  });
});

test('a program that says nothing is given up in time, with what it wrote to stderr', async () => {
  expect(await whyNot('silent', 'echo "waiting for the moon" >&2; exec sleep 60')).toMatchObject({
    code: 'PLUGIN_HANDSHAKE_LATE',
    message: expect.stringContaining('waiting for the moon'),
  });
});

test('a program that ends at once is told with its exit code and last lines', async () => {
  expect(await whyNot('leaves', 'echo "no database" >&2; exit 7')).toMatchObject({
    code: 'PLUGIN_HANDSHAKE_MISSING',
    message: expect.stringMatching(/code 7.*no database/s),
  });
});

test('other versions of the handshake and of the protocol are refused by name', async () => {
  const script = (line: string): string => `echo "${line}"; exec sleep 60`;
  expect(await whyNot('core', script('2|1|unix|/tmp/x|grpc|'))).toMatchObject({
    code: 'PLUGIN_VERSION_UNSUPPORTED',
    message: expect.stringContaining('the handshake'),
  });
  expect(await whyNot('app', script('1|7|unix|/tmp/x|grpc|'))).toMatchObject({ code: 'PLUGIN_VERSION_UNSUPPORTED' });
  expect(await whyNot('netrpc', script('1|1|unix|/tmp/x|netrpc|'))).toMatchObject({ code: 'PLUGIN_HANDSHAKE_INVALID' });
});

test('an address that others on this host could reach is refused', async () => {
  expect(await whyNot('outside', 'echo "1|1|unix|/tmp/somewhere.sock|grpc|"; exec sleep 60')).toMatchObject({
    code: 'PLUGIN_ADDRESS_REFUSED',
  });
  expect(await whyNot('open', 'echo "1|1|tcp|127.0.0.1:1234|grpc|"; exec sleep 60')).toMatchObject({
    code: 'PLUGIN_ADDRESS_REFUSED',
  });
  const everywhere = 'echo "1|1|tcp|0.0.0.0:1234|grpc|"; exec sleep 60';
  expect(await whyNot('everywhere', everywhere, { executable: { mtls: true } })).toMatchObject({
    code: 'PLUGIN_ADDRESS_REFUSED',
  });
  expect(await whyNot('elsewhere', `echo "1|1|unix|${folder}|grpc|"; exec sleep 60`)).toMatchObject({
    code: 'PLUGIN_ADDRESS_REFUSED',
  });
});

test('mtls over the loopback alone is not enough without a certificate', async () => {
  const script = 'echo "1|1|tcp|127.0.0.1:1234|grpc|"; exec sleep 60';
  expect(await whyNot('loopback', script, { executable: { mtls: true } })).toMatchObject({
    code: 'PLUGIN_CERTIFICATE_MISSING',
    message: expect.stringContaining('the field is empty'),
  });
});

test('what a program prints after its handshake is its log, and its log takes only so much', async () => {
  const { runtime, lines, logged } = await startHost(
    { limits: { loadTimeoutMs: 4_000 } },
    { handshakeTimeoutMs: 5_000 },
  );
  const script = [
    'touch "$TMPDIR/a.sock"; echo "1|1|unix|$TMPDIR/a.sock|grpc|"; echo "after the handshake"',
    'i=0; while [ $i -lt 5000 ]; do echo "line $i"; i=$((i + 1)); done; exec sleep 60',
  ].join('\n');
  const loading = runtime.load(writeShellPlugin(folder, 'chatty', { script }));
  expect((await logged('after the handshake')).fields).toMatchObject({ stream: 'stdout' });
  expect((await loading).outcome).toBe('failed');
  expect(lines.filter(({ message }) => message.startsWith('line ')).length).toBeLessThan(5_000);
});

test('a file of the plugin that is no program, or leads out of its folder, is refused', async () => {
  const plain = writeShellPlugin(folder, 'plain', { script: '' });
  chmodSync(join(plain, 'run'), 0o644);
  const leading = writeShellPlugin(folder, 'leading', { script: '', executable: { command: ['./out'] } });
  symlinkSync('/bin/sh', join(leading, 'out'));
  const { runtime } = await startHost();
  expect((await runtime.load(plain)).reason).toMatchObject({
    code: 'PLUGIN_COMMAND_MISSING',
    message: expect.stringContaining('not executable'),
  });
  expect((await runtime.load(leading)).outcome).toBe('failed');
});

test('a plugin that is declared with mtls and shows no certificate is refused', async () => {
  const script = 'touch "$TMPDIR/a.sock"; echo "1|1|unix|$TMPDIR/a.sock|grpc|"; exec sleep 60';
  expect(await whyNot('bare', script, { executable: { mtls: true } })).toMatchObject({
    code: 'PLUGIN_CERTIFICATE_MISSING',
  });
});

test('a program that is not there, or not in the folder of the plugin, is refused', async () => {
  for (const command of ['./nothing', '../outside', 'no-such-program', '/bin/sh']) {
    expect(await whyNot('absent', '', { executable: { command: [command] } })).toMatchObject({
      code: 'PLUGIN_COMMAND_MISSING',
    });
  }
});

test('what a program of its own cannot have is refused before it is started', async () => {
  expect(await whyNot('greedy', '', { manifest: { capabilities: { secrets: ['TOKEN'] } } })).toMatchObject({
    code: 'PLUGIN_CAPABILITY_UNAVAILABLE',
    message: expect.stringContaining('secret:NAME'),
  });
  expect(await whyNot('calling', '', { manifest: { capabilities: { services: ['mail'] } } })).toMatchObject({
    code: 'PLUGIN_CAPABILITY_UNAVAILABLE',
    message: expect.stringContaining('services'),
  });
  expect(await whyNot('boxed', '', { manifest: { isolation: 'container' } })).toMatchObject({
    code: 'PLUGIN_LEVEL_UNAVAILABLE',
  });
  expect(await whyNot('foreign', '', { executable: { protocol: 'soap' } })).toMatchObject({
    code: 'DIALECT_UNKNOWN',
    message: expect.stringContaining('grpc'),
  });
});
