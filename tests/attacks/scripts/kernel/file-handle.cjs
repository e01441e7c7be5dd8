const { call, at, wins } = require('./system.cjs');

const here = -100n & 0xffff_ffff_ffff_ffffn;
const [overflow, notSupported] = [75, 95];

// A file by its number walks past every folder: `name_to_handle_at` is the half that needs no right.
module.exports = () => {
  const [path, handle, mount] = [Buffer.from('/proc\0'), Buffer.alloc(144), Buffer.alloc(4)];
  handle.writeUInt32LE(128, 0);
  return wins(call(303, here, at(path), at(handle), at(mount), 0), 'name_to_handle_at', [overflow, notSupported]);
};
