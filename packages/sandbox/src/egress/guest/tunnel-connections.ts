// Everything here but `tunnelText` is written out as text and runs inside a confined process: these functions may use
// each other, their arguments and globals, nothing else. Nothing outside relies on them.
import type * as Module from 'node:module';
import type * as Net from 'node:net';
import type * as Stream from 'node:stream';
import type * as Tls from 'node:tls';

/**
 * The text of CommonJS statements that send every TCP connection of a Node process through the proxy on a unix socket,
 * so that any library works in a place without a network. Names are told to the proxy, never looked up here. What the
 * proxy refuses becomes the socket's error: EACCES, ENOTFOUND, ETIMEDOUT or ECONNREFUSED, with the proxy's sentence.
 */
export function tunnelText(socketPath: string): string {
  const parts = [tunnelConnections, askForTunnel, connectOptionsOf, refusalIn, streamOver];
  const modules = ['net', 'tls', 'stream', 'module'].map((name) => `${name}: require('node:${name}')`);
  return `(() => {\n${parts.map(String).join('\n')}\ntunnelConnections(${JSON.stringify(socketPath)}, { ${modules.join(', ')} });\n})();\n`;
}

type ConnectOptions = Omit<Tls.ConnectionOptions, 'path' | 'port' | 'socket'> & { readonly port: number };

interface NodeModules {
  readonly net: typeof Net;
  readonly tls: typeof Tls;
  readonly stream: typeof Stream;
  readonly module: typeof Module;
}

type Listener = () => void;

function tunnelConnections(socketPath: string, { net, tls, stream, module }: NodeModules): void {
  const dial = net.Socket.prototype.connect as (this: Net.Socket, ...args: unknown[]) => Net.Socket;
  const secure = tls.connect as (...args: unknown[]) => Tls.TLSSocket;

  net.Socket.prototype.connect = function connect(this: Net.Socket, ...args: unknown[]): Net.Socket {
    const { options, listener, isTunnelled } = connectOptionsOf(args);
    if (!isTunnelled) return dial.apply(this, args);
    const { host = 'localhost', port } = options;
    if (listener !== undefined) this.once('connect', listener);
    askForTunnel(this, { authority: net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`, host, port });
    return dial.call(this, { path: socketPath });
  };

  // A TLS socket owns its handle from the start, before the proxy was asked: so it gets a stream that is asked first.
  tls.connect = function connect(...args: unknown[]): Tls.TLSSocket {
    const { options, listener, isTunnelled } = connectOptionsOf(args);
    if (!isTunnelled) return secure(...args);
    const { port, host = 'localhost', servername, timeout } = options;
    const inner = net.connect({ host, port });
    const named = servername ?? (net.isIP(host) === 0 ? host : undefined);
    const outer = secure(
      { ...options, socket: streamOver(inner, stream), ...(named !== undefined && { servername: named }) },
      listener,
    );
    if (timeout !== undefined) outer.setTimeout(timeout);
    inner.once('error', (error) => outer.destroy(error));
    return outer;
  } as typeof tls.connect;

  module.syncBuiltinESMExports();
}

/** Holds `connect` back until the proxy has agreed; until then the socket is connecting, and so keeps what is written. */
function askForTunnel(
  socket: Net.Socket,
  { authority, host, port }: { readonly authority: string; readonly host: string; readonly port: number },
): void {
  const { emit, push } = socket;
  let reply: Buffer = Buffer.alloc(0);
  const restore = (): void => {
    Object.assign(socket, { emit, push, connecting: false });
  };
  socket.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    if (event === 'ready') return true;
    if (event === 'connect') {
      const head = `CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`;
      // Past the queue of what the program has written already.
      socket._write(head, 'latin1', (error) => void (error && socket.destroy(error)));
      socket._read(0);
      Object.assign(socket, { connecting: true });
      return true;
    }
    if (event === 'close') restore();
    return Reflect.apply(emit, socket, [event, ...args]);
  };
  socket.push = (chunk: Buffer | null): boolean => {
    if (chunk !== null) reply = Buffer.concat([reply, chunk]);
    const refusal = refusalIn(reply, chunk === null);
    if (refusal === undefined) return true;
    restore();
    if (refusal !== 'none') {
      socket.destroy(Object.assign(new Error(refusal.message), { ...refusal, syscall: 'connect', host, port }));
      return false;
    }
    for (const event of ['connect', 'ready']) socket.emit(event);
    const early = reply.subarray(reply.indexOf('\r\n\r\n') + 4);
    if (early.length > 0 && !socket.destroyed) return socket.push(early);
    if (!socket.isPaused()) socket.read(0);
    return true;
  };
}

/** What the proxy says so far; `undefined`: it has not finished. */
function refusalIn(
  reply: Buffer,
  hasEnded: boolean,
): 'none' | { readonly code: string; readonly message: string; readonly refusal?: string } | undefined {
  const text = reply.toString('utf8');
  if (/^HTTP\/1\.1 200 [^]*?\r\n\r\n/.test(text)) return 'none';
  const { length, refusal, sentence } =
    /content-length: (?<length>\d+)\r\nx-refusal: (?<refusal>\w+)[^]*?\r\n\r\n(?<sentence>[^]*)$/.exec(text)?.groups ??
    {};
  if (sentence === undefined || refusal === undefined || Buffer.byteLength(sentence) < Number(length)) {
    return hasEnded ? { code: 'ECONNREFUSED', message: 'the way out of this sandbox has gone' } : undefined;
  }
  const codes: Readonly<Record<string, string>> = {
    SANDBOX_EGRESS_NOT_LISTED: 'EACCES',
    SANDBOX_EGRESS_ADDRESS_REFUSED: 'EACCES',
    SANDBOX_EGRESS_HOST_UNKNOWN: 'ENOTFOUND',
    SANDBOX_EGRESS_TIMED_OUT: 'ETIMEDOUT',
  };
  return { code: codes[refusal] ?? 'ECONNREFUSED', message: sentence.trim(), refusal };
}

/** Reads the arguments of `net.connect` and `tls.connect` in all their forms. */
function connectOptionsOf(args: readonly unknown[]): {
  readonly options: ConnectOptions;
  readonly listener: Listener | undefined;
  /** Not a unix socket, nor a stream that is there already. */
  readonly isTunnelled: boolean;
} {
  const list: readonly unknown[] = Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
  const [first, second] = list;
  const options: Record<string, unknown> & { port?: number } = {};
  for (const one of list) if (typeof one === 'object') Object.assign(options, one);
  const isPort = typeof first === 'number' || (typeof first === 'string' && /^\d+$/.test(first));
  if (isPort) options.port = Number(first);
  else if (typeof first === 'string') options['path'] = first;
  if (isPort && typeof second === 'string') options['host'] = second;
  if (typeof options['port'] === 'string') options['port'] = Number(options['port']);
  const listener = list.findLast((one) => typeof one === 'function') as Listener | undefined;
  // Null as well as undefined, both are used for "none".
  const isTunnelled = !options['path'] && !options['socket'] && Number.isInteger(options['port']);
  return { options: options as ConnectOptions, listener, isTunnelled };
}

/** A stream that is open from the start and waits, in both directions, for its socket. */
function streamOver(socket: Net.Socket, { Duplex }: typeof Stream): Stream.Duplex {
  const outer = new Duplex({
    read: () => void socket.resume(),
    write: (chunk, _encoding, done) => void socket.write(chunk as Buffer, done),
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk) => void (outer.push(chunk) || socket.pause()));
  socket.on('end', () => outer.push(null));
  socket.on('close', () => outer.destroy());
  return outer;
}
