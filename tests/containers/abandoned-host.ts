// A host that launches a container, says so, and waits to be killed. Arguments: the program, then the engine's command.
import { once } from 'node:events';
import { ContainerEngine } from '@hotswap/sandbox';

const [file = '', first = '', ...rest] = process.argv.slice(2);
const engine = new ContainerEngine({ command: [first, ...rest] });
const confined = await engine.launch({ program: { type: 'node', file } });
await once(confined.channel, 'data');
console.log('launched');
