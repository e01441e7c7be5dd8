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
  expect(await whyNot('boxed', '', { manifest: { isolation: 'container' } })).toMatchObject({
    code: 'PLUGIN_LEVEL_UNAVAILABLE',
  });
  expect(await whyNot('foreign', '', { executable: { protocol: 'soap' } })).toMatchObject({
    code: 'DIALECT_UNKNOWN',
    message: expect.stringContaining('grpc'),
  });
});
