import { randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, chown, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

/** A socket that one guest connects to, once, with a secret on the first line. */
export interface ChannelSocket {
  readonly path: string;
  readonly secret: string;
  /** The guest's end, from behind its secret on. Rejects after `close`. */
  readonly connected: Promise<Socket>;
  /** Takes no guest any more and removes the file; a guest that is connected stays so. */
  close(): Promise<void>;
}

/** Whoever connects says who it is within that time. */
const introductionMs = 10_000;

/**
 * Listens for the guest of one container.
 *
 * @param folder that nobody else may enter
 * @param uid of the guest, which alone may connect where this process can give the file away
 */
export async function openChannelSocket(folder: string, uid: number): Promise<ChannelSocket> {
  const name = randomBytes(8).toString('hex');
  const path = join(folder, name);
  const secret = randomBytes(24).toString('hex');
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  promise.catch(() => undefined);
  server.on('connection', (socket) => admit(socket, secret, resolve));
  await listen(server, path);
  // Nobody else enters the folder: there, everybody may use the file.
  if (process.getuid?.() === 0) await chown(path, uid, uid).then(() => chmod(path, 0o600));
  else await chmod(path, 0o666);
  const close = async (): Promise<void> => {
    reject(new Error('the guest never connected'));
    server.close();
    await rm(path, { force: true });
  };
  return { path, secret, connected: promise, close };
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, backlog: 4 }, resolve);
  });
}

/** Whoever does not begin with the secret is cut off. What comes after it is left to be read. */
function admit(socket: Socket, secret: string, resolve: (socket: Socket) => void): void {
  const expected = Buffer.from(`${secret}\n`);
  const cut = (): void => void socket.destroy();
  socket.on('error', cut);
  socket.setTimeout(introductionMs, cut);
  const read = (): void => {
    const said = socket.read(expected.length) as Buffer | null;
    if (said === null) return;
    socket.off('readable', read).off('error', cut).off('timeout', cut).setTimeout(0);
    if (said.length === expected.length && timingSafeEqual(said, expected)) resolve(socket);
    else socket.on('error', cut).destroy();
  };
  socket.on('readable', read);
}
