import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createServerLog, type Server, startServer } from '@hotswap/server';

/** Serves the `plugins` folder of a test, with a config of its own, and keeps quiet about it. */
export async function serveFolder(folder: string, config: string): Promise<Server> {
  await writeFile(join(folder, 'hotswap.toml'), config);
  return startServer({
    mode: 'develop',
    source: join(folder, 'plugins'),
    configFile: 'hotswap.toml',
    bind: '127.0.0.1:0',
    data: 'data',
    cwd: folder,
    env: {},
    log: createServerLog({ stream: new Writable({ write: (_chunk, _encoding, done) => done() }) }),
  });
}
