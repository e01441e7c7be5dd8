import { describe, expect, it } from 'vitest';
import { pluginEnvironment, readHandshake, writeHandshake } from './handshake.ts';

describe('the handshake line', () => {
  it('says where a plugin listens, and with which certificate', () => {
    const certificate = Buffer.alloc(100, 7);
    const line = writeHandshake({ network: 'unix', address: '/tmp/a|b'.replace('|', '-'), certificate });
    expect(line.endsWith('\n')).toBe(true);
    expect(line.includes('=')).toBe(false);
    expect(readHandshake('p', line)).toEqual({ network: 'unix', address: '/tmp/a-b', certificate });
  });

  it('has no certificate where the sixth field is too short to be one', () => {
    expect(readHandshake('p', '1|1|unix|/tmp/a|grpc|extra').certificate).toBeUndefined();
    expect(readHandshake('p', '1|1|unix|/tmp/a|grpc').certificate).toBeUndefined();
  });

  it.each(['', 'Listening on 80', '1|1|unix', 'x|1|unix|/a|grpc', '1|1|pipe|/a|grpc', '1|1|unix|/a'])(
    'is refused when it is none: %j',
    (line) => {
      expect(() => readHandshake('p', line)).toThrow(expect.objectContaining({ code: 'PLUGIN_HANDSHAKE_INVALID' }));
    },
  );
});

it('the environment of a plugin is made for it', () => {
  const environment = pluginEnvironment({ folder: '/f', path: '/bin', token: 't', certificate: undefined });
  expect(environment).toMatchObject({
    HOTSWAP_PLUGIN: expect.any(String),
    TMPDIR: '/f',
    PLUGIN_PROTOCOL_VERSIONS: '1',
  });
  expect(environment).not.toHaveProperty('PLUGIN_CLIENT_CERT');
});
