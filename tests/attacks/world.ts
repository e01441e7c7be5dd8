import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';

/** What an attack is told of the world it is in; the scripts say what they need. */
export type Target = Readonly<Record<string, unknown>> & { readonly work: string; readonly readable: string };

/** Victims of every kind: files that everybody may read or write, and a process with a secret. */
export interface World {
  readonly target: Target;
  /** What has reached the victims since the last question, empty if nothing. */
  harm(): Promise<readonly string[]>;
  end(): Promise<void>;
}

const untouched = 'as it was';

/** Limits that attacks try to pass, and by how much. The attacks stop there by themselves. */
export const excess = {
  tooManyMB: 512,
  tooManyProcesses: 90,
  tooManyThreads: 90,
  tooManyFiles: 400,
  tooManyDiskMB: 96,
};

export async function makeWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'attacked-'));
  const mark = `secret-${randomBytes(8).toString('hex')}`;
  const at = (...names: string[]): string => join(folder, ...names);
  const files = {
    work: at('work'),
    readable: at('readable'),
    victimFolder: at('victim'),
    victimFile: at('victim', 'file'),
    secret: at('secret'),
    secretBeside: at('work-secret'),
    secretDatabase: at('secret.sqlite'),
    plantedLink: at('readable', 'link'),
  };
  await Promise.all([files.work, files.readable, files.victimFolder].map((path) => mkdir(path)));
  await writeFile(files.secret, mark);
  await writeFile(files.secretBeside, mark);
  await writeFile(files.victimFile, untouched);
  await symlink(files.secret, files.plantedLink);
  writeDatabase(files.secretDatabase, mark);
  // What keeps an attacker out is never the permission of a file: everybody may do everything here.
  for (const path of [folder, files.work, files.readable, files.victimFolder]) await chmod(path, 0o777);
  for (const path of [files.secret, files.secretBeside, files.victimFile, files.secretDatabase])
    await chmod(path, 0o666);
  const victim = await startVictim(folder, mark);
  const target: Target = {
    mark,
    ...files,
    ...excess,
    ...victim.addresses,
    addon: addonFile(),
    mountPoint: '/tmp',
  };
  return {
    target,
    harm: async () => {
      const isChanged = (await readFile(files.victimFile, 'utf8')) !== untouched;
      return [...(isChanged ? ['file'] : []), ...(await victim.ask())];
    },
    end: async () => {
      await victim.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A native addon that does no harm. */
export function addonFile(): string {
  const require = createRequire(import.meta.url);
  const platform = `@node-rs/crc32-${process.platform}-${process.arch}-gnu`;
  return createRequire(require.resolve('@node-rs/crc32')).resolve(platform);
}

function writeDatabase(file: string, mark: string): void {
  const database = new DatabaseSync(file);
  database.exec('create table secret (text)');
  database.prepare('insert into secret values (?)').run(mark);
  database.close();
}

interface Victim {
  readonly addresses: object;
  ask(): Promise<readonly string[]>;
  end(): Promise<void>;
}

async function startVictim(folder: string, mark: string): Promise<Victim> {
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, 'victim.mjs'), folder], {
    env: { ...process.env, VICTIM_MARK: mark },
    stdio: ['pipe', 'pipe', 'inherit'],
    // A group of its own: what is sent to that reaches nobody else.
    detached: true,
  });
  if (child.stdout === null || child.stdin === null) throw new Error('the victim has no streams');
  const { stdin } = child;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<Record<string, unknown>> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the victim has ended');
    return JSON.parse(value) as Record<string, unknown>;
  };
  const addresses = await read();
  return {
    addresses,
    ask: async () => {
      stdin.write('?\n');
      return (await read())['reached'] as readonly string[];
    },
    end: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}
