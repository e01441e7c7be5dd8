import { constants } from 'node:fs';
import { copyFile, mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@hotswap/protocol';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { fail } from '../../errors.ts';
import type { PluginEntry } from '../plugin-entry.ts';
import { applyDesiredChange } from './desired-change.ts';
import type { DesiredChange, DesiredPlugin } from './desired-change.ts';

/** What operators want of the plugins, by name. Plugins nobody has touched are not in it. */
export type DesiredPlugins = Readonly<Record<string, DesiredPlugin>>;

/** One change to record. */
export interface ChangeRequest {
  readonly plugin: string;
  readonly change: DesiredChange;
  /** What the file says about the plugin now; later edits are told by it. */
  readonly entry: PluginEntry | undefined;
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
}

/** The operators' changes, kept in `desired.json`; the only writer of that file. */
export interface DesiredState extends AsyncDisposable {
  readonly plugins: DesiredPlugins;
  /**
   * Records a change; resolves once it would survive a power cut. Changes are written one after the other.
   *
   * @throws CONFIG_VERSION_UNKNOWN
   * @throws DESIRED_STATE_NOT_SAVED and then nothing has changed
   */
  change(request: ChangeRequest): Promise<DesiredPlugin>;
  /** Waits for the last write. */
  close(): Promise<void>;
}

interface DesiredFile {
  readonly version: 1;
  readonly plugins: DesiredPlugins;
}

/**
 * Opens the record of operators' changes in the data folder; without a file there are none.
 *
 * `desired.json.bak` is the state before the last change. A damaged file stops the opening and is left as it is.
 *
 * @throws DESIRED_STATE_CORRUPT
 * @throws DESIRED_STATE_UNREADABLE
 */
export async function openDesiredState(
  dataFolder: string,
  clock: { readonly now: () => number },
): Promise<DesiredState> {
  const file = fileIn(dataFolder);
  let plugins = await readDesired(file);
  let lastWrite: Promise<unknown> = Promise.resolve();

  const record = async ({ plugin, change, entry, actor, reason }: ChangeRequest): Promise<DesiredPlugin> => {
    const stamp = {
      at: clock.now(),
      ...(actor === undefined ? {} : { actor }),
      ...(reason === undefined ? {} : { reason }),
    };
    const after = applyDesiredChange(change, { plugin, before: plugins[plugin], entry, stamp });
    const next = { ...plugins, [plugin]: after };
    try {
      await mkdir(dataFolder, { recursive: true });
      await writeDurably(dataFolder, file, { version: 1, plugins: next });
    } catch (error) {
      throw fail('DESIRED_STATE_NOT_SAVED', { plugin, file, reason: messageOf(error) }, { cause: error });
    }
    plugins = next;
    return after;
  };
  const close = async (): Promise<void> => {
    await lastWrite;
  };
  return {
    get plugins() {
      return plugins;
    },
    change: (request) => {
      const written = lastWrite.then(() => record(request));
      // The queue goes on after a failure; the failure itself belongs to who asked for the change.
      lastWrite = written.catch(() => undefined);
      return written;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * What operators want, as the data folder has it; without a file, nothing.
 *
 * @throws DESIRED_STATE_CORRUPT
 * @throws DESIRED_STATE_UNREADABLE
 */
export function readDesiredState(dataFolder: string): Promise<DesiredPlugins> {
  return readDesired(fileIn(dataFolder));
}

function fileIn(dataFolder: string): string {
  return join(dataFolder, 'desired.json');
}

async function readDesired(file: string): Promise<DesiredPlugins> {
  const text = await readText(file);
  if (text === undefined) return {};
  const backup = `${file}.bak`;
  try {
    const content: unknown = JSON.parse(text);
    if (isDesiredFile(content)) return content.plugins;
  } catch (error) {
    throw fail('DESIRED_STATE_CORRUPT', { file, backup, reason: messageOf(error) }, { cause: error });
  }
  const [first] = isDesiredFile.errors ?? [];
  const reason = `${first?.instancePath || 'the file'} ${first?.message ?? 'is not as expected'}`;
  throw fail('DESIRED_STATE_CORRUPT', { file, backup, reason });
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fail('DESIRED_STATE_UNREADABLE', { file, reason: messageOf(error) }, { cause: error });
  }
}

/** Readers and a power cut find either the old file or the new one, whole. */
async function writeDurably(folder: string, file: string, content: DesiredFile): Promise<void> {
  const temporary = `${file}.tmp`;
  // Only the owner may read it: an override can hold a secret.
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(content, undefined, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await keepBackup(file);
  await rename(temporary, file);
  const folderHandle = await open(folder, 'r');
  try {
    await folderHandle.sync();
  } finally {
    await folderHandle.close();
  }
}

async function keepBackup(file: string): Promise<void> {
  try {
    await copyFile(file, `${file}.bak`, constants.COPYFILE_FICLONE);
  } catch (error) {
    if (!isMissing(error)) throw error; // before the first change there is nothing to keep
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

const stamp = { at: { type: 'number' }, actor: { type: 'string' }, reason: { type: 'string' } };
const configVersion = {
  type: 'object',
  required: ['version', 'config', 'at'],
  properties: { ...stamp, version: { type: 'integer' }, config: { type: 'object' } },
};
const desiredPlugin = {
  type: 'object',
  required: ['earlierConfigs', 'baseline', 'changed'],
  additionalProperties: false,
  properties: {
    presence: { enum: ['loaded', 'unloaded'] },
    source: { type: 'string' },
    enabled: { type: 'boolean' },
    isolation: { enum: ['none', 'basic', 'strict', 'sandbox', 'container'] },
    config: configVersion,
    earlierConfigs: { type: 'array', items: configVersion },
    baseline: { type: 'object', additionalProperties: { type: 'string' } },
    changed: { type: 'object', required: ['at'], properties: stamp },
  },
};
const isDesiredFile = new Ajv2020().compile<DesiredFile>({
  type: 'object',
  required: ['version', 'plugins'],
  properties: { version: { const: 1 }, plugins: { type: 'object', additionalProperties: desiredPlugin } },
});
