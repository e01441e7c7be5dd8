const { marked } = require('../held.cjs');

module.exports = async (target) => {
  const answer = await fetch(`http://127.0.0.1:${target.httpPort}/`, { signal: AbortSignal.timeout(3_000) });
  return marked(await answer.text(), target);
};
