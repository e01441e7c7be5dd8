const { Worker } = require('node:worker_threads');
const { once } = require('node:events');
const { marked } = require('../held.cjs');

// A thread of its own, with other flags.
module.exports = async (target) => {
  const worker = new Worker(
    `require('node:worker_threads').parentPort.postMessage(require('node:fs').readFileSync(${JSON.stringify(target.secret)}, 'utf8'))`,
    { eval: true, execArgv: ['--no-permission'] },
  );
  const [text] = await once(worker, 'message');
  return marked(text, target);
};
