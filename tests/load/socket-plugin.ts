/**
 * The body of `start` of one version. `/stay` numbers what it sends and checks the numbers of what it gets, both from
 * its attachment alone; `/return` does the same without handing over; `/events` goes on after `Last-Event-ID`.
 */
export function socketPlugin(version: number): string {
  return `
    const say = (peer, text) => {
      const state = peer.attachment;
      state.sent++;
      peer.attachment = state;
      peer.send(state.sent + ' ' + text);
    };
    const handlers = {
      open(peer) {
        peer.attachment = { sent: 0, got: 0 };
        say(peer, 'open');
      },
      async message(peer, data) {
        const state = peer.attachment;
        // Some take a while: a swap finds them under way.
        if (Number(data) % 7 === 0) await ctx.clock.sleep(5);
        if (Number(data) !== state.got + 1) return say(peer, 'wrong ' + data + ' after ' + state.got);
        state.got++;
        say(peer, 'echo ' + data);
      },
      resume(peer) {
        say(peer, 'resume v${version}');
      },
    };
    ctx.http.websocket('/stay', handlers, { handOver: true });
    ctx.http.websocket('/return', handlers);
    ctx.http.sse('/events', async function* (request, { signal }) {
      for (let id = Number(request.headers.get('last-event-id') ?? 0) + 1; ; id++) {
        yield { id: String(id), data: 'v${version}' };
        await ctx.clock.sleep(250, { signal });
      }
    });
  `;
}
