import { describe, expect, it } from 'vitest';
import { HotResponse } from '@hotswap/protocol/http';
import { serveEdge } from '../testing/edge-server.ts';
import { announcedLength, forwardedClient, routedTarget, withoutProxyFields } from './arriving-fields.ts';
import { trustedProxies } from './trusted-proxies.ts';

describe('fields of a request', () => {
  it('hands the list on as it is when nothing is to be dropped', () => {
    const fields = ['Host', 'a', 'X-Custom', 'b'];
    expect(withoutProxyFields(fields)).toBe(fields);
  });

  it('drops what only a proxy may say, whatever its case', () => {
    const fields = [
      'Host',
      'a',
      'X-Forwarded-For',
      '1',
      'x-TENANT-id',
      't',
      'X-Plugin-Version',
      '2',
      'Forwarded',
      'f',
      'B',
      'c',
    ];
    expect(withoutProxyFields(fields)).toEqual(['Host', 'a', 'B', 'c']);
  });

  it('reads how long the body will be', () => {
    expect(announcedLength(['Host', 'a'])).toBe(0);
    expect(announcedLength(['Content-Length', '7'])).toBe(7);
    expect(announcedLength(['Transfer-Encoding', 'chunked'])).toBe(-1);
  });

  it.each([
    ['/a/b?x=1', '/a/b?x=1'],
    ['/a/../b', '/b'],
    ['/a/%2E%2e/b', '/b'],
    ['/a\\..\\b', '/b'],
    ['http://x.test/p?q', '/p?q'],
    ['*', '/'],
  ])('routes %s as %s', (url, target) => expect(routedTarget(url)).toBe(target));

  it('takes the last address that is no proxy for the client', () => {
    const trusts = trustedProxies(['10.0.0.0/8']);
    expect(forwardedClient('6.6.6.6, 203.0.113.9, 10.0.0.2', trusts)).toBe('203.0.113.9');
  });
});

describe('trusted proxies', () => {
  it('knows addresses and ranges of both families, also mapped ones', () => {
    const trusts = trustedProxies(['192.0.2.1', '10.0.0.0/8', 'fd00::/8']);
    expect(['192.0.2.1', '10.9.9.9', '::ffff:10.1.2.3', 'fd00::1'].every(trusts)).toBe(true);
    expect(['192.0.2.2', '11.0.0.1', 'fe80::1', 'nonsense', undefined].some(trusts)).toBe(false);
  });

  it.each(['nonsense', '10.0.0.0/33', '10.0.0.0/x', '10.0.0.0/8/8'])('refuses %s', (entry) => {
    expect(() => trustedProxies([entry])).toThrow(expect.objectContaining({ code: 'TRUSTED_PROXY_INVALID' }));
  });

  const seen = {
    'x-forwarded-for': '203.0.113.9',
    'x-forwarded-proto': 'https',
    'x-tenant-id': 't',
    'x-request-id': 'up-1',
  };

  it.each([
    [[], ['127.0.0.1', 'http:', null, false]],
    [['127.0.0.1'], ['203.0.113.9', 'https:', 't', true]],
  ])('lets only peers in %j speak for others', async (proxies, expected) => {
    await using edge = await serveEdge(
      ({ source, url, headers }) =>
        HotResponse.json([
          source?.remoteAddress,
          new URL(url).protocol,
          headers.get('x-tenant-id'),
          source?.requestId === 'up-1',
        ]),
      { trustedProxies: proxies },
    );
    expect(await (await fetch(edge.listening.url, { headers: seen })).json()).toEqual(expected);
  });
});
