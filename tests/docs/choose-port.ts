// Loaded before a program from a document: port 8080 becomes one that is free, and is told on stderr.
import { Server } from 'node:net';

const { listen } = Server.prototype;

Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
  this.once('listening', () => {
    const address = this.address();
    if (address !== null && typeof address === 'object') process.stderr.write(`listens on ${address.port}\n`);
  });
  Reflect.apply(listen, this, args.map(withoutPort));
  return this;
};

function withoutPort(argument: unknown): unknown {
  if (argument === 8080) return 0;
  const isOptions = typeof argument === 'object' && argument !== null && 'port' in argument;
  return isOptions && argument.port === 8080 ? { ...argument, port: 0 } : argument;
}
