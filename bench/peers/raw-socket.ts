// The barest call over a socket: a length, a number, and bytes that come back unread.
import type { Duplex } from 'node:stream';

const headBytes = 8;

/** Calls `take` with the number and the content of each frame. */
function readFrames(socket: Duplex, take: (id: number, content: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  const parts: Buffer[] = [];
  let have = 0;
  let wanted = headBytes;
  socket.on('data', (chunk: Buffer) => {
    parts.push(chunk);
    have += chunk.length;
    if (have < wanted) return;
    rest = parts.length === 1 ? chunk : Buffer.concat(parts);
    parts.length = 0;
    let at = 0;
    for (wanted = headBytes; rest.length - at >= headBytes; at += wanted, wanted = headBytes) {
      wanted = headBytes + rest.readUInt32LE(at);
      if (rest.length - at < wanted) break;
      take(rest.readUInt32LE(at + 4), rest.subarray(at + headBytes, at + wanted));
    }
    have = rest.length - at;
    if (have > 0) parts.push(rest.subarray(at));
  });
}

function frame(id: number, content: string | Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(headBytes + content.length);
  bytes.writeUInt32LE(content.length, 0);
  bytes.writeUInt32LE(id, 4);
  if (typeof content === 'string') bytes.write(content, headBytes, 'latin1');
  else bytes.set(content, headBytes);
  return bytes;
}

/** Sends everything back. */
export function serveRawEcho(socket: Duplex): void {
  readFrames(socket, (id, content) => socket.write(frame(id, content)));
}

/** Makes calls, each in a write of its own. */
export function rawCaller(socket: Duplex): (content: string | Uint8Array) => Promise<Buffer> {
  const waiting = new Map<number, (content: Buffer) => void>();
  let lastId = 0;
  readFrames(socket, (id, content) => {
    waiting.get(id)?.(content);
    waiting.delete(id);
  });
  return (content) =>
    new Promise((resolve) => {
      const id = ++lastId;
      waiting.set(id, resolve);
      socket.write(frame(id, content));
    });
}
