import type { PluginManifest, Registration } from '@hotswap/protocol';
import { serveGuest } from './remote-guest.ts';
import { Channel, type TakeMessage } from '../../channel/channel.ts';
import type { HostMessage, WireRequest } from '../../channel/messages.ts';
import type { Transport } from '../../channel/transport.ts';
import { fromWireFailure, toWireFailure } from '../../channel/wire-failure.ts';
import { importName } from '../compile.ts';

/** Nobody's plugin: it does what most plugins do while they start. */
const body = `const { definePlugin } = await ${importName}('@hotswap/sdk');
return { default: definePlugin({ start(ctx) {
  ctx.http.get('/rehearsal', () => new Response('hello'));
  ctx.methods.handle('rehearse', ({ data }) => data);
  ctx.log.debug({ rehearsal: true }, 'started');
  return { health: () => 'healthy' };
} }) };`;
const manifest: PluginManifest = {
  name: 'rehearsal',
  version: '1.0.0',
  description: 'brings a thread into play',
  engines: { hotswap: '*' },
  main: 'rehearsal.js',
};
const request: WireRequest = ['GET', 'http://rehearsal/rehearsal', ['host', 'rehearsal'], null, '', '', undefined, {}];
const rounds = 3;
const timesEach = 3;

/** Both ends of a transport of the kind that the guest has to its host. */
export interface RehearsalLink {
  readonly guest: Transport;
  readonly host: Transport;
}

/**
 * Brings nobody's plugins to life and ends them again, with a host in this same thread: what V8 compiles when it is first
 * called is compiled then, and the first real plugin need not wait for it. Nothing of it stays.
 */
export async function rehearse(connect: () => RehearsalLink): Promise<void> {
  for (let round = 0; round < rounds; round++) await rehearseOnce(connect());
}

async function rehearseOnce({ guest: guestSide, host: transport }: RehearsalLink): Promise<void> {
  serveGuest(guestSide);
  const ids = new Map<string, number>();
  const noteId = ({ type, id }: Registration): void => void ids.set(type, id);
  const { promise: failed, reject } = Promise.withResolvers<never>();
  const channel = new Channel({
    transport,
    calls: new Map(),
    tells: new Map<string, TakeMessage>([
      ['register', ([, registered]) => noteId(registered as Registration)],
      ['notes', () => {}],
      ['resources', () => {}],
      ['fault', ([, , failure]) => reject(fromWireFailure(failure))],
    ]),
    mostCalls: 1,
    violated: (problem) => reject(new Error(problem)),
  });
  const ask = (message: HostMessage): Promise<unknown> => Promise.race([channel.call([...message]).promise, failed]);
  try {
    const program = { body, sourceMap: undefined, file: '/rehearsal.js' };
    await ask(['load', 0, { manifest, generation: 0, config: {}, program, progress: undefined }]);
    await ask(['start', 0, undefined]);
    for (let time = 0; time < timesEach; time++) {
      await ask(['health', 0]);
      await ask(['method', 0, ids.get('method') ?? 0, { time }, undefined, 'rehearsal']);
      await ask(['route', 0, ids.get('route') ?? 0, ...request]);
    }
    await ask(['stop', 0, toWireFailure(new Error('rehearsed'))]);
  } finally {
    channel.close(new Error('the rehearsal is over'));
    transport.close();
    guestSide.close();
  }
}
