import { writeFileSync } from 'node:fs';
import { get, Agent } from 'node:http';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { BenchContext, BenchRow } from '../bench-row.ts';
import { startChild } from '../bounded-child.ts';
import type { DevServerCommands } from '../children/dev-server.ts';
import { below, type Finding } from '../measure.ts';
import { serverText, watchServer } from '../peers/watched-server.ts';
import { helloPlugin, withBallast, writePlugin } from '../plugin-texts.ts';

const limitMs = 5_000;
/** Between saves: a developer does not save while a swap is under way. */
const restMs = 150;

export const devSave: BenchRow = {
  id: 'dev-save',
  question: 'How long from the save of a source file to the first answer of the new code?',
  goal: '< 100 ms, bundle <= 1 MB',
  async run(context) {
    const saves = context.isQuick ? 3 : 20;
    const small = await savesOfPlugin(context, saves, 0);
    const big = await savesOfPlugin(context, saves, 950_000);
    const watched = await savesUnderNodeWatch(context, context.isQuick ? 1 : 10);
    return [
      watched,
      { ...small, case: 'bundle of a few lines', goal: below(100, 'ms') },
      { ...big, case: 'bundle of 1 MB', goal: below(100, 'ms') },
    ];
  },
};

async function savesOfPlugin(context: BenchContext, saves: number, bytes: number): Promise<Finding> {
  const folder = context.scope.makeFolder();
  // The file that is saved is small; what makes the bundle big is a library beside it.
  const textOf = (version: number): string =>
    `import { ballast } from './library.js';\nexport { ballast };\n${helloPlugin(`v${version}.`)}`;
  const home = writePlugin(folder, { name: 'saved', version: '1.0.0', text: textOf(0) });
  writeFileSync(join(home, 'library.js'), withBallast('', bytes, 'library'));
  await using child = await startChild<DevServerCommands>(context, 'children/dev-server.ts');
  const port = await child.call('serve', { folder });
  const values: number[] = [];
  // The first one is the warm-up.
  for (let version = 1; version <= saves + 1; version++) {
    context.progress(`dev-save: ${bytes} bytes, save ${version} of ${saves}`);
    const took = await saveAndAsk(port, {
      file: join(home, 'index.js'),
      text: textOf(version),
      wanted: `v${version}.`,
    });
    if (version > 1) values.push(took);
  }
  context.scope.removeFolder(folder);
  return { case: '', unit: 'ms', values };
}

async function savesUnderNodeWatch(context: BenchContext, saves: number): Promise<Finding> {
  const folder = context.scope.makeFolder();
  const file = join(folder, 'server.mjs');
  const port = await freePort();
  const textOf = (version: number): string => serverText(port, `v${version}.`);
  writeFileSync(file, textOf(0));
  const watched = watchServer(context, file);
  const values: number[] = [];
  try {
    await firstAnswer(port, 'v0.');
    for (let version = 1; version <= saves; version++) {
      context.progress(`dev-save: node --watch, save ${version} of ${saves}`);
      values.push(await saveAndAsk(port, { file, text: textOf(version), wanted: `v${version}.` }));
    }
  } finally {
    await watched.stop();
    context.scope.removeFolder(folder);
  }
  return { case: 'node --watch, server of two lines', unit: 'ms', values };
}

async function saveAndAsk(
  port: number,
  { file, text, wanted }: { readonly file: string; readonly text: string; readonly wanted: string },
): Promise<number> {
  await wait(restMs);
  writeFileSync(file, text);
  const startedAt = performance.now();
  await firstAnswer(port, wanted);
  return performance.now() - startedAt;
}

/** Asks again and again, one request at a time, until the answer is the wanted one. */
async function firstAnswer(port: number, wanted: string): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const until = performance.now() + limitMs;
  try {
    while (!(await ask(port, agent)).includes(wanted)) {
      if (performance.now() > until) throw new Error(`${wanted} did not answer within ${limitMs} ms`);
      await wait(1);
    }
  } finally {
    agent.destroy();
  }
}

/** An answer that cannot be had, as while a server restarts, is an empty one. */
function ask(port: number, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ port, host: '127.0.0.1', path: '/hello', agent, timeout: limitMs }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text)).on('error', () => resolve(''));
    });
    request.on('error', () => resolve(''));
  });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
