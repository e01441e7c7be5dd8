import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ContainerEngine, ContainerLaunchOptions } from '@hotswap/sandbox';

/** Programs of a test, in a folder that goes with it. */
export async function createPrograms() {
  const folder = await mkdtemp(join(tmpdir(), 'programs-'));
  // The users of containers read what is mounted.
  await chmod(folder, 0o755);
  let written = 0;
  return {
    folder,
    write: async (source: string): Promise<string> => {
      const file = join(folder, `program-${++written}.cjs`);
      await writeFile(file, source);
      return file;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The channel as a program of a test opens it, by whichever way it was given. */
export const openChannel = `
const net = require('node:net');
const { HOTSWAP_CHANNEL: path, HOTSWAP_CHANNEL_SECRET: secret } = process.env;
const channel = path === undefined ? new net.Socket({ fd: 3 }) : net.connect(path);
if (path !== undefined) channel.write(secret + '\\n');
`;

/** Runs a program to its end. */
export async function runConfined(engine: ContainerEngine, options: ContainerLaunchOptions) {
  const confined = await engine.launch(options);
  // Where the channel is a socket, a container counts as started when its program has connected.
  const [stdout, stderr, exit] = await Promise.all([text(confined.stdout), text(confined.stderr), confined.exited]);
  return { stdout, stderr, exit };
}
