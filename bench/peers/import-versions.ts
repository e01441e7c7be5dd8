// Reloading by `import('x?v=n')`: says how far it got, until there is nothing left to say it with.
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { answerCommands } from '../child-commands.ts';
import { helloPlugin, withBallast } from '../plugin-texts.ts';

export const commands = {
  async reload({
    file,
    from,
    count,
  }: {
    readonly file: string;
    readonly from: number;
    readonly count: number;
  }): Promise<void> {
    for (let version = from; version < from + count; version++) {
      writeFileSync(file, withBallast(helloPlugin(String(version)), 25_000, `version ${version}`));
      await import(`${pathToFileURL(file).href}?v=${version}`);
    }
  },
};

export type ImportCommands = typeof commands;

answerCommands(commands);
