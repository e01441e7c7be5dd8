// Load from a process of its own: what the client costs is not taken from the server.
import { answerCommands } from '../child-commands.ts';
import { HttpLoad, type LoadOptions, type LoadWindow } from '../http-load.ts';

const running = new Map<string, HttpLoad>();

export const commands = {
  start({ name, options }: { readonly name: string; readonly options: LoadOptions }): void {
    running.set(name, new HttpLoad(options));
  },

  /** What became of the requests since the last call. */
  window({ name }: { readonly name: string }): LoadWindow | undefined {
    return running.get(name)?.window();
  },

  stop({ name }: { readonly name: string }): void {
    running.get(name)?.stop();
    running.delete(name);
  },
};

export type LoadCommands = typeof commands;

answerCommands(commands);
