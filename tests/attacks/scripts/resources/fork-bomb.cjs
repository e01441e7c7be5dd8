const { spawn } = require('node:child_process');
const { held } = require('../held.cjs');

module.exports = async (target) => {
  const children = [];
  let refused = 0;
  for (let index = 0; index < target.tooManyProcesses; index++) {
    const child = spawn('/bin/sleep', ['20'], { stdio: 'ignore' });
    child.on('error', () => refused++);
    if (child.pid !== undefined) children.push(child);
  }
  await new Promise((done) => setTimeout(done, 200));
  const alive = children.filter(({ pid }) => pid !== undefined).length;
  for (const child of children) child.kill('SIGKILL');
  return alive >= target.tooManyProcesses
    ? `${alive} processes at once`
    : held(`${alive} were started, ${refused} refused`);
};
