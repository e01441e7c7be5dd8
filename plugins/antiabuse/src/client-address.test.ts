import { expect, test } from 'vitest';
import { AddressSet } from './address-set.ts';
import { findClient, nameOf } from './client-address.ts';

const trusted = new AddressSet(['10.0.0.0/8', '2001:db8:1::/48', '192.0.2.7'], 'trustedProxies');
const clientOf = (peer: string, forwardedFor: string | null = null) => nameOf(findClient(peer, forwardedFor, trusted));

test.each([
  ['a direct client', '203.0.113.9', null, '203.0.113.9'],
  ['a direct client that claims to be another', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['one trusted proxy', '10.1.2.3', '198.51.100.1', '198.51.100.1'],
  ['two trusted proxies', '10.1.2.3', '198.51.100.1, 192.0.2.7', '198.51.100.1'],
  ['a client that writes a header of its own first', '10.1.2.3', '1.1.1.1, 198.51.100.1', '198.51.100.1'],
  ['a proxy that writes nonsense', '10.1.2.3', 'unknown', '10.1.2.3'],
  ['ports', '10.1.2.3', '198.51.100.1:4711', '198.51.100.1'],
  ['IPv4 inside IPv6', '::ffff:203.0.113.9', null, '203.0.113.9'],
  ['IPv6, counted by network', '2001:db8:ffff:1:aaaa::1', null, '2001:db8:ffff:1::/64'],
  ['an IPv6 proxy and a port', '2001:db8:1::5', '[2001:db8:2::1]:80', '2001:db8:2:0::/64'],
  ['no address at all', '', null, 'unknown'],
])('names %s', (_, peer, forwardedFor, name) => {
  expect(clientOf(peer, forwardedFor)).toBe(name);
});

test('refuses a list with an entry that is no address', () => {
  expect(() => new AddressSet(['10.0.0.0/8', 'localhost'], 'allow')).toThrow('config.allow holds "localhost"');
});

test('one IPv6 address stands for itself alone', () => {
  const proxy = new AddressSet(['2001:db8:1::5'], 'trustedProxies');
  expect(nameOf(findClient('2001:db8:1::5', '198.51.100.1', proxy))).toBe('198.51.100.1');
  expect(nameOf(findClient('2001:db8:1::6', '198.51.100.1', proxy))).toBe('2001:db8:1:0::/64');
});
