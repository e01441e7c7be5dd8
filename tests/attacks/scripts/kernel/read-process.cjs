const { call, at, wins } = require('./system.cjs');

// Its own process is enough: what counts is whether the call is there at all.
module.exports = () => {
  const [from, to] = [Buffer.from('memory'), Buffer.alloc(6)];
  const vector = (bytes) => {
    const words = new BigUint64Array([at(bytes), 6n]);
    return Buffer.from(words.buffer);
  };
  return wins(call(310, process.pid, at(vector(to)), 1, at(vector(from)), 1), 'process_vm_readv');
};
