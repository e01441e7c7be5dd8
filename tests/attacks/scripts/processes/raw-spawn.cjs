const { held } = require('../held.cjs');

module.exports = () => {
  const { spawn } = process.binding('spawn_sync');
  const { status, output } = spawn({
    file: '/bin/sh',
    args: ['sh', '-c', 'echo started'],
    envPairs: [],
    stdio: [
      { type: 'pipe', readable: true },
      { type: 'pipe', writable: true },
      { type: 'pipe', writable: true },
    ],
  });
  return status === 0 && String(output[1]).includes('started') ? 'a shell was started' : held('no shell');
};
