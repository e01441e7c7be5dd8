// Two threads at work: with one core's time between them they get half of theirs.
const { Worker } = require('node:worker_threads');
const { once } = require('node:events');
const { held } = require('../held.cjs');

module.exports = async (target) => {
  const before = process.cpuUsage();
  const began = performance.now();
  const worker = new Worker('const end = Date.now() + 1500; while (Date.now() < end);', { eval: true });
  while (performance.now() - began < 1_500);
  await once(worker, 'exit');
  const { user, system } = process.cpuUsage(before);
  const share = (user + system) / 10 / (performance.now() - began);
  return share > target.tooManyPercent ? `${share.toFixed(0)} % of a core` : held(`${share.toFixed(0)} % of a core`);
};
