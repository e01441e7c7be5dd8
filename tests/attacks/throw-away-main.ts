// Runs inside the throw-away world, and nowhere else: makes victims, then runs attacks with every layer of the launcher off.
import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { layerNames } from '@hotswap/sandbox';
import { attempt } from './attempt.ts';
import { makeWorld } from './world.ts';

if (hostname() !== 'throw-away' || process.pid > 20 || readlinkSync('/proc/self/ns/net') === '') {
  throw new Error('this runs attacks: only ever start it by attemptInThrowAwayWorld');
}
// Where clouds keep credentials; here it is this world's own loopback.
execFileSync('ip', ['address', 'add', '169.254.169.254/32', 'dev', 'lo']);
execFileSync('ip', ['link', 'set', 'lo', 'up']);

const world = await makeWorld();
const attacks = JSON.parse(process.argv[2] ?? '[]') as string[];
// More memory for V8 too: a heap that ends at its own limit says nothing about the layers.
const flags = [...layerNames.flatMap((layer) => ['--without', layer]), '--native', '--memory', '1G'];
const result = await attempt({ attacks, target: world.target, flags });
await world.end();
process.stdout.write(JSON.stringify(result));
