import { isIP } from 'node:net';
import type { LookupFunction, Socket } from 'node:net';
import { fixedLookup } from './checked-addresses.ts';

/** What went over the sockets of one dispatcher since it began. Within TLS: what was said, without its encryption. */
export interface SocketTraffic {
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** Makes the connections of a `fetch`, each to an address that was checked when it was dialled. */
export interface CheckedDispatcher {
  /** Goes into the options of `fetch`. */
  readonly dispatcher: NonNullable<RequestInit['dispatcher']>;
  readonly traffic: SocketTraffic;
  /** Ends every request and connection. */
  close(): Promise<void>;
}

/**
 * Makes a dispatcher that asks where a host may be dialled, once for each connection, and dials just that, with the
 * name of the URL in `Host` and TLS. What `addressesOf` throws is the `cause` of what `fetch` throws.
 *
 * This loads undici, which takes tens of milliseconds and 20 MB: call it when there is something to fetch.
 */
export async function createCheckedDispatcher(
  addressesOf: (host: string) => Promise<readonly string[]>,
): Promise<CheckedDispatcher> {
  const { Agent, buildConnector, Dispatcher1Wrapper } = await import('undici');
  const traffic = new CountedSockets();
  const dial = buildConnector({ lookup: checkedLookup(addressesOf) });
  const agent = new Agent({
    connect: (target, connected) => {
      // Else undici takes the name for TLS from a header that the caller can write.
      const servername = isIP(target.hostname) === 0 ? { servername: target.hostname } : {};
      dial({ ...target, ...servername }, (...[error, socket]) => {
        if (error !== null) return connected(error, null);
        traffic.add(socket);
        connected(null, socket);
      });
    },
  });
  // The `fetch` of Node 24 speaks to its dispatcher in the words of an older undici.
  const isOlder = Number.parseInt(process.versions['undici'] ?? '0', 10) < 8;
  // Node's types know the undici inside of Node, which is another copy.
  const dispatcher: object = isOlder ? new Dispatcher1Wrapper(agent) : agent;
  return {
    dispatcher: dispatcher as CheckedDispatcher['dispatcher'],
    traffic,
    close: () => agent.destroy(),
  };
}

function checkedLookup(addressesOf: (host: string) => Promise<readonly string[]>): LookupFunction {
  return (host, options, answer) => {
    addressesOf(host).then(
      (addresses) => fixedLookup(addresses)(host, options, answer),
      (error: NodeJS.ErrnoException) => answer(error, ''),
    );
  };
}

class CountedSockets implements SocketTraffic {
  readonly #open = new Set<Socket>();
  #sent = 0;
  #received = 0;

  add(socket: Socket): void {
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#sent += socket.bytesWritten;
      this.#received += socket.bytesRead;
    });
  }

  get sentBytes(): number {
    return [...this.#open].reduce((sum, socket) => sum + socket.bytesWritten, this.#sent);
  }

  get receivedBytes(): number {
    return [...this.#open].reduce((sum, socket) => sum + socket.bytesRead, this.#received);
  }
}
