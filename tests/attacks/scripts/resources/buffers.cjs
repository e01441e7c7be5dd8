// The same beside the heap, where V8's limits do not count.
module.exports = (target) => {
  const kept = [];
  for (let megabytes = 0; megabytes < target.tooManyMB; megabytes += 8) kept.push(Buffer.alloc(8_388_608, 1));
  return `held ${kept.length * 8} MB of buffers`;
};
