const { call, at, wins } = require('./system.cjs');
const { held } = require('../held.cjs');

const [socket, sendTo] = [41, 44];

// A message to a socket that has no file, without a connection that anybody could refuse.
module.exports = (target) => {
  const { answer, errno } = call(socket, 1, 2, 0);
  if (answer < 0n) return held(`socket(AF_UNIX, SOCK_DGRAM): errno ${errno}`);
  const address = Buffer.concat([Buffer.from([1, 0, 0]), Buffer.from(target.abstractDatagram)]);
  const text = Buffer.from('secret');
  return wins(call(sendTo, answer, at(text), text.length, 0, at(address), address.length), 'sendto');
};
