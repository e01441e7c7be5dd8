// The self-running proof: `npm run demo`, `npm run demo -- --quick`, `npm run demo -- --json`.
// Exit code 1 when a request failed or a scenario did not end as it should.
import { parseArgs } from 'node:util';
import { createDemoOutput, formatResult } from './demo-output.ts';
import { runDemo } from './demo.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    // Breaks one request on purpose: the demo must notice it and exit with 1.
    'cut-one': { type: 'boolean', default: false },
  },
});

// Someone who has seen enough: an exit, not a death, so that what was written for the demo is removed.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

// With `--json` standard output is the result alone.
const output = createDemoOutput(values.json ? process.stderr : process.stdout);
const result = await runDemo({ isQuick: values.quick, cutsOne: values['cut-one'] }, output);
output.end();
console.log(values.json ? JSON.stringify(result, undefined, 2) : formatResult(result));
process.exitCode = result.isProven ? 0 : 1;
