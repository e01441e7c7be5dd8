// The same beside the heap, where V8's limits do not count; for as long as whoever looks from time to time may need to see it.
module.exports = async (target) => {
  const kept = [];
  for (let megabytes = 0; megabytes < target.tooManyMB; megabytes += 8) kept.push(Buffer.alloc(8_388_608, 1));
  await new Promise((done) => setTimeout(done, 1_000));
  return `held ${kept.length * 8} MB of buffers`;
};
