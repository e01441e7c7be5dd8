// What an attacker would like to reach: a process with a secret in its environment, behind every kind of address.
// Says where it is in one line, then answers each line it is given with what has reached it since.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [folder] = process.argv.slice(2);
const mark = process.env.VICTIM_MARK;
const reached = [];
const note = (what) => reached.push(what);

const listening = async (server, ...address) => {
  server.listen(...address);
  await once(server, 'listening');
  return server.address();
};
const tcp = (name) => createServer((socket) => (note(name), socket.on('error', () => {}).end('in')));
const udp = async (answer) => {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => (note('udp'), socket.send(answer(bytes), from.port, from.address)));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
};
/** The question again, with 127.0.0.1 as the answer. */
const dnsAnswer = (question) => {
  const head = Buffer.from(question);
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(1, 6);
  head.writeUInt16BE(0, 10);
  const end = question.indexOf(0, 12) + 5;
  return Buffer.concat([head.subarray(0, end), Buffer.from('c00c000100010000000100047f000001', 'hex')]);
};
/** A name server whose answers are cut off, until they are asked for over a connection. */
const cutOffNames = async () => {
  const server = createServer((socket) =>
    socket
      .on('error', () => {})
      .once('data', (bytes) => {
        note('dns over tcp');
        const answer = dnsAnswer(bytes.subarray(2));
        socket.end(Buffer.concat([Buffer.from([0, answer.length]), answer]));
      }),
  );
  const { port } = await listening(server, 0, '127.0.0.1');
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => {
    const answer = Buffer.from(bytes);
    answer.writeUInt16BE(0x8380, 2);
    socket.send(answer, from.port, from.address);
  });
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  return port;
};
/** A socket of a kind that Node does not make; what it gets stays in it. */
const abstractDatagramSocket = (name) => {
  if (process.arch !== 'x64') return undefined;
  const { call, at } = createRequire(import.meta.url)('./scripts/kernel/system.cjs');
  const address = Buffer.concat([Buffer.from([1, 0, 0]), Buffer.from(name)]);
  call(49, call(41, 1, 2, 0).answer, at(address), address.length);
  return name;
};
const optional = (work) =>
  work.then(
    ({ port }) => port,
    () => undefined,
  );

process.on('SIGUSR2', () => note('signal'));
const abstractSocket = `victim-${process.pid}`;
const unixSocket = join(folder, 'victim.sock');
await listening(tcp('unix'), unixSocket);
await listening(tcp('abstract'), `\0${abstractSocket}`);
const free = createServer();
const { port: knockPort } = await listening(free, 0, '127.0.0.1');
free.close();
// Somebody outside who tries a port again and again.
setInterval(
  () =>
    connect(knockPort, '127.0.0.1')
      .on('error', () => {})
      .once('connect', function () {
        this.destroy();
      }),
  100,
);
const http = createHttpServer((_, response) => (note('http'), response.end(mark)));

console.log(
  JSON.stringify({
    victimPid: process.pid,
    tcpPort: (await listening(tcp('tcp'), 0, '127.0.0.1')).port,
    tcp6Port: await optional(listening(tcp('tcp6'), 0, '::1')),
    metadataPort: (await optional(listening(tcp('metadata'), 0, '169.254.169.254'))) ?? 80,
    httpPort: (await listening(http, 0, '127.0.0.1')).port,
    udpPort: await udp(() => Buffer.from(mark)),
    dnsTcpPort: await cutOffNames(),
    dnsPort: await udp(dnsAnswer),
    knockPort,
    unixSocket,
    abstractSocket,
    abstractDatagram: abstractDatagramSocket(`${abstractSocket}-messages`),
  }),
);
for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify({ asked: line, reached: reached.splice(0) }));
}
process.exit(0);
