import type { WebSocketHandlers, WebSocketPeer } from '@hotswap/sdk';
import { beforeEach, describe, expect, it } from 'vitest';
import { closeProblem, socketHandler, type SocketFacts, type SocketPort } from './socket-peer.ts';

let told: unknown[];
let kept: Uint8Array | undefined;
let port: SocketPort;

beforeEach(() => {
  told = [];
  kept = undefined;
  port = {
    send: (id, data) => void told.push(['send', id, data]),
    close: (...closing) => void told.push(['close', ...closing]),
    attach: (_id, attachment) => void (kept = attachment),
    buffered: () => 7,
  };
});

const facts: SocketFacts = {
  url: 'http://a.test/chat/blue?x=1',
  rawHeaders: ['X-Who', 'ada'],
  params: { room: 'blue' },
  tenant: 'acme',
  address: '192.0.2.1',
  protocol: 'v1',
  attachment: undefined,
};

/** Opens connection `c1` on a guest. */
function opened(handlers: Partial<WebSocketHandlers> = {}) {
  const peers: WebSocketPeer[] = [];
  const call = socketHandler({ open: (peer) => void peers.push(peer), message: () => {}, ...handlers }, port);
  call({ id: 'c1', type: 'open', peer: facts });
  const [peer] = peers;
  return { call, peer: peer! };
}

describe('a peer', () => {
  it('knows what the host told of its connection', () => {
    const { peer } = opened();
    expect(peer).toMatchObject({ id: 'c1', url: facts.url, params: { room: 'blue' }, tenant: 'acme', protocol: 'v1' });
    expect([peer.client.address, peer.headers.get('x-who'), peer.bufferedBytes]).toEqual(['192.0.2.1', 'ada', 7]);
  });

  it('is the same object for every event of its connection', () => {
    const seen: unknown[] = [];
    const { call, peer } = opened({ message: (one) => void seen.push(one), close: (one) => void seen.push(one) });
    call({ id: 'c1', type: 'message', data: 'x' });
    call({ id: 'c1', type: 'close', code: 1000, reason: '' });
    expect(seen).toEqual([peer, peer]);
  });

  it('sends text and bytes, and nothing else', () => {
    const { peer } = opened();
    peer.send('text');
    peer.send(new Uint8Array([1]));
    expect(told).toEqual([
      ['send', 'c1', 'text'],
      ['send', 'c1', new Uint8Array([1])],
    ]);
    expect(() => peer.send(5 as never)).toThrow(TypeError);
  });

  it('closes with 1000 unless another code is given', () => {
    const { peer } = opened();
    peer.close();
    expect(told).toEqual([['close', 'c1', 1000, '']]);
    expect(() => peer.close(999)).toThrow(expect.objectContaining({ code: 'WEBSOCKET_CLOSE_INVALID' }));
  });

  it('carries its attachment to the guest that resumes it', () => {
    const { peer } = opened();
    peer.attachment = { when: new Date(5), tags: new Set(['a']) };
    const resumed: unknown[] = [];
    const next = socketHandler({ message: () => {}, resume: (one) => void resumed.push(one.attachment) }, port);
    next({ id: 'c1', type: 'resume', peer: { ...facts, attachment: kept } });
    expect(resumed).toEqual([{ when: new Date(5), tags: new Set(['a']) }]);
    peer.attachment = undefined;
    expect(kept).toBeUndefined();
  });

  it('refuses an attachment over the limit or one that cannot be copied, and keeps what it had', () => {
    const { peer } = opened();
    peer.attachment = 'small';
    expect(() => (peer.attachment = 'x'.repeat(16 * 1024))).toThrow(
      expect.objectContaining({ code: 'ATTACHMENT_TOO_LARGE' }),
    );
    expect(() => (peer.attachment = () => {})).toThrow(expect.objectContaining({ code: 'VALUE_NOT_CLONEABLE' }));
    expect(peer.attachment).toBe('small');
  });
});

it('a guest forgets a connection that is closed or goes on elsewhere, and hears no more of it', () => {
  const seen: string[] = [];
  const handlers = { message: () => void seen.push('message'), close: () => void seen.push('close') };
  const { call } = opened(handlers);
  call({ id: 'c1', type: 'leave' });
  call({ id: 'c1', type: 'message', data: 'x' });
  call({ id: 'c1', type: 'close', code: 1000, reason: '' });
  expect(seen).toEqual([]);
});

it.each([
  [1000, '', true],
  [1012, 'x'.repeat(123), true],
  [3_000, '', true],
  [4_999, '', true],
  [1000, 'ü'.repeat(62), false],
  [1004, '', false],
  [1005, '', false],
  [1006, '', false],
  [1015, '', false],
  [2_999, '', false],
  [5_000, '', false],
  [1000.5, '', false],
])('closing with %d and reason "%s" is possible: %s', (code, reason, isPossible) => {
  expect(closeProblem(code, reason) === undefined).toBe(isPossible);
});
