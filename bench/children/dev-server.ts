// A server as a developer runs it: a saved file is swapped in.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRuntime } from '@hotswap/runtime';
import { answerCommands } from '../child-commands.ts';

export const commands = {
  /** @returns the port */
  async serve({ folder }: { readonly folder: string }): Promise<number> {
    const runtime = await createRuntime({ plugins: folder, watch: true, environment: {} }).start();
    const server = createServer(runtime.listener());
    return new Promise((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
    );
  },
};

export type DevServerCommands = typeof commands;

answerCommands(commands);
