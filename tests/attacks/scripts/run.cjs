// Runs attacks one after the other and prints a line for each: whether it won, and what shows it. Only ever started inside
// a sandbox. Usage: run.cjs '{"attacks":["files/read"],"target":{...}}'
const { join } = require('node:path');

const { attacks, target } = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** What an attack comes to that nobody could catch. */
const uncaught = () =>
  new Promise((_, reject) => {
    process.removeAllListeners('uncaughtException').once('uncaughtException', reject);
  });

void (async () => {
  for (const name of attacks) {
    try {
      const attack = require(join(__dirname, `${name}.cjs`));
      const evidence = await Promise.race([attack(target), uncaught()]);
      say({ attack: name, won: true, evidence });
    } catch (error) {
      say({ attack: name, won: false, evidence: `${error?.code ?? error?.name}: ${error?.message}`.slice(0, 300) });
    }
  }
  process.exit(0);
})();
