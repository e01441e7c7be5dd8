import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Text of a plugin that answers `GET /hello` and says which version it is. */
export function helloPlugin(version: string, path = '/hello'): string {
  return `export default {
  start(ctx) {
    const answer = () => Response.json({ hello: 'world', version: '${version}' });
    ctx.http.get('${path}', answer);
  },
};
`;
}

/** Text of a plugin with one middleware in front of one route. */
export function guardedPlugin(): string {
  return `export default {
  start(ctx) {
    let seen = 0;
    ctx.http.use({ paths: ['/*'] }, (request, next) => {
      seen++;
      return next(request);
    });
    ctx.http.get('/hello', () => Response.json({ hello: 'world' }));
  },
};
`;
}

/** Text of a plugin whose every answer is a throw. */
export function throwingPlugin(path: string): string {
  return `export default {
  start(ctx) {
    ctx.http.get('${path}', () => {
      throw new Error('broken on purpose');
    });
  },
};
`;
}

/** Text of a plugin that loops for ever when it is asked. */
export function loopingPlugin(path: string): string {
  return `export default {
  start(ctx) {
    let turns = 0;
    ctx.http.get('${path}', () => {
      for (;;) turns++;
    });
  },
};
`;
}

/** Text of a plugin that does what hurts others, each kind when it is asked for it, and for ever. */
export function floodingPlugin(): string {
  return `const line = 'x'.repeat(200) + '\\n';
const flood = (work) => {
  const again = () => {
    for (let time = 0; time < 100; time++) work();
    setImmediate(again);
  };
  again();
  return new Promise(() => {});
};
export default {
  start(ctx) {
    let turns = 0;
    ctx.http.get('/loop', () => {
      for (;;) turns++;
    });
    ctx.http.get('/messages', () => flood(() => void ctx.events.emit('flood', 1)));
    ctx.http.get('/log', () => flood(() => ctx.log.info('flood')));
    ctx.http.get('/output', () => flood(() => process.stdout.write(line)));
  },
};
`;
}

/** The same plugin with about so many bytes of code around it, as a bundle of dependencies would be. */
export function withBallast(text: string, bytes: number, seed: string): string {
  const parts: string[] = [];
  for (let size = text.length, index = 0; size < bytes; index++) {
    const part = `
function part${index}(input, depth) {
  const table = ['${seed}', 'row ${index}', input.length, depth];
  if (depth > ${index % 7}) return table.map((cell) => String(cell).padEnd(12)).join(' | ');
  let sum = ${index};
  for (const cell of table) sum = (sum * 31 + String(cell).length) % 65_521;
  return sum % 2 === 0 ? { sum, table } : part${index}(input + sum, depth + 1);
}`;
    size += part.length + 14;
    parts.push(part);
  }
  const names = parts.map((_, index) => `part${index}`).join(', ');
  // Kept reachable, so that no bundler leaves it out.
  return `${parts.join('\n')}\nconst parts = [${names}];\nexport const ballast = (at) => parts[at];\n${text}`;
}

/** Writes a plugin as a folder of its own with a manifest. @returns its path */
export function writePlugin(
  folder: string,
  plugin: {
    readonly name: string;
    readonly version: string;
    readonly text: string;
    /** Default `basic`. */
    readonly isolation?: 'basic' | 'strict' | 'sandbox' | 'container';
  },
): string {
  const home = join(folder, `${plugin.name}-${plugin.version}`);
  mkdirSync(home, { recursive: true });
  const manifest = {
    name: plugin.name,
    version: plugin.version,
    type: 'module',
    main: './index.js',
    engines: { hotswap: '^1.0.0' },
    hotswap: { isolation: plugin.isolation ?? 'basic' },
  };
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(home, 'index.js'), plugin.text);
  return home;
}

/** Text of an exclusive plugin with so many bytes of state, in version 1 or 2 of its schema. */
export function statefulPlugin(version: number, stateBytes: number): string {
  const entries = Math.ceil(stateBytes / 256);
  return `export default {
  swap: 'exclusive',
  state: {
    version: ${version},
    migrations: {
      2: {
        up: ({ count, entries }) => ({ total: count, entries }),
        down: ({ total, entries }) => ({ count: total, entries }),
      },
    },
  },
  start(ctx, state) {
    let count = state?.count ?? state?.total ?? 0;
    const entries = state?.entries ?? Array.from({ length: ${entries} }, (_, id) => ({ id, name: 'entry ' + id, text: 'x'.repeat(224) }));
    ctx.http.post('/count', () => new Response(String(++count)));
    return { exportState: () => ({ ${version === 1 ? 'count' : 'total: count'}, entries }) };
  },
};
`;
}

/** Text of a plugin whose method `echo` gives back what it got. */
export function echoPlugin(): string {
  return `export default {
  start(ctx) {
    ctx.methods.handle('echo', (call) => call.data);
  },
};
`;
}

/** The same, which also answers a request with its own body. */
export function echoingPlugin(): string {
  return `export default {
  start(ctx) {
    ctx.methods.handle('echo', (call) => call.data);
    ctx.http.post('/echo', (request) => new Response(request.body));
  },
};
`;
}

/** Text of a plugin with two routes that answer alike: hooks of another one may stand in front of the second. */
export function twoRoutesPlugin(): string {
  return `export default {
  start(ctx) {
    ctx.http.get('/plain', () => new Response('hello'));
    ctx.http.get('/hooked', () => new Response('hello'));
  },
};
`;
}

/** Text of a plugin that looks at the heads of requests and answers, and has a method to call it by. */
export function lookingPlugin(): string {
  return `export default {
  start(ctx) {
    let seen = 0;
    ctx.http.onRequest({ paths: ['/hooked'] }, () => void seen++);
    ctx.http.onResponse({ paths: ['/hooked'] }, () => void seen++);
    ctx.methods.handle('echo', ({ data }) => data);
  },
};
`;
}
