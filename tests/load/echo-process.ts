// A client that uploads so many bytes and reads the same bytes back, more slowly than it could send them.
// Arguments: port, bytes. Prints the number of bytes that came back as they went.
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

const [port = 0, bytes = 0] = process.argv.slice(2).map(Number);
const partBytes = 256 * 1024;
const sent = createHash('sha256');
const received = createHash('sha256');

function* parts(): Generator<Buffer> {
  for (let at = 0; at < bytes; at += partBytes) {
    const part = Buffer.alloc(Math.min(partBytes, bytes - at), at / partBytes);
    sent.update(part);
    yield part;
  }
}

const outgoing = request({ port, host: '127.0.0.1', method: 'POST', path: '/echo', agent: false });
outgoing.on('response', async (response) => {
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.byteLength;
    received.update(part);
    await pause(1);
  }
  console.log(sent.digest('hex') === received.digest('hex') ? length : `${length} bytes came back changed`);
});
Readable.from(parts()).pipe(outgoing);
