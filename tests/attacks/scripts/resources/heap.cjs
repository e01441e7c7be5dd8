// More than it may have, in V8's heap. Says how far it came; the world outside reads that.
module.exports = (target) => {
  const kept = [];
  for (let megabytes = 0; megabytes < target.tooManyMB; megabytes += 8) {
    kept.push(Array.from({ length: 1_048_576 }, (_, index) => index + megabytes));
    if (megabytes % 64 === 0) process.stderr.write(`at ${megabytes} MB\n`);
  }
  return `held ${target.tooManyMB} MB of heap`;
};
