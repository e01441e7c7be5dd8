const { Worker } = require('node:worker_threads');
const { once } = require('node:events');

module.exports = async (target) => {
  const workers = Array.from(
    { length: target.tooManyThreads },
    () => new Worker('setInterval(() => {}, 1000)', { eval: true }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'online')));
  return `${workers.length} threads at once`;
};
