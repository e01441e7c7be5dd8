import { access, constants, mkdtemp, readFile, rm, stat, statfs } from 'node:fs/promises';
import { url as inspectorUrl } from 'node:inspector';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { getHeapStatistics } from 'node:v8';
import type { IsolationLevel } from '@hotswap/protocol';
import { messageOf } from '@hotswap/protocol';

/** A folder that is needed, and how much fits into it. */
export interface FolderFacts {
  readonly path: string;
  /** Why nothing can be written there; undefined: something can. */
  readonly problem: string | undefined;
  readonly freeBytes: number | undefined;
}

/** What this process and its machine are like. */
export interface EnvironmentFacts {
  readonly platform: string;
  readonly nodeVersion: string;
  readonly execArgv: readonly string[];
  readonly nodeOptions: string;
  readonly isInspected: boolean;
  readonly heapLimitBytes: number;
  readonly memoryBytes: number;
  /** The container's or cgroup's limit; undefined: none. */
  readonly memoryLimitBytes: number | undefined;
  /** Undefined where the system does not say, or where there is no limit. */
  readonly openFiles: number | undefined;
  readonly cores: number;
  readonly isRoot: boolean;
  /** Undefined: this runtime keeps nothing on disk. */
  readonly data: FolderFacts | undefined;
  readonly temporary: FolderFacts;
  /** Undefined where the system has none. */
  readonly sharedMemory: FolderFacts | undefined;
  /** Why SQLite does not work. */
  readonly sqliteProblem: string | undefined;
  readonly levels: readonly IsolationLevel[];
  readonly now: number;
}

export interface FactsRequest {
  readonly data: string | undefined;
  readonly levels: readonly IsolationLevel[];
}

/** Looks at the process and the machine. Writes nothing but a folder in the data folder, which it removes. */
export async function gatherFacts({ data, levels }: FactsRequest): Promise<EnvironmentFacts> {
  const memoryBytes = totalmem();
  const limit = process.constrainedMemory();
  const hasSharedMemory = await exists('/dev/shm');
  return {
    platform: process.platform,
    nodeVersion: process.versions.node,
    execArgv: process.execArgv,
    nodeOptions: process.env['NODE_OPTIONS'] ?? '',
    isInspected: inspectorUrl() !== undefined,
    heapLimitBytes: getHeapStatistics().heap_size_limit,
    memoryBytes,
    memoryLimitBytes: limit > 0 && limit < memoryBytes ? limit : undefined,
    openFiles: await openFileLimit(),
    cores: availableParallelism(),
    isRoot: process.getuid?.() === 0,
    data: data === undefined ? undefined : await folderFacts(data),
    temporary: await folderFacts(tmpdir()),
    sharedMemory: hasSharedMemory ? await folderFacts('/dev/shm') : undefined,
    sqliteProblem: await sqliteProblem(),
    levels,
    now: Date.now(),
  };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A folder that is not there yet is made where its nearest ancestor allows it. */
async function folderFacts(path: string): Promise<FolderFacts> {
  const there = await nearestThere(path);
  return { path, problem: await writeProblem(path, there), freeBytes: await freeBytes(there) };
}

async function nearestThere(path: string): Promise<string> {
  let at = path;
  while (!(await exists(at)) && dirname(at) !== at) at = dirname(at);
  return at;
}

async function writeProblem(path: string, there: string): Promise<string | undefined> {
  try {
    if (!(await stat(there)).isDirectory()) return `${there} is no folder`;
    // Only what is there is tried: looking must not make the data folder.
    if (there !== path) return await access(there, constants.W_OK).then(() => undefined);
    await rm(await mkdtemp(join(there, '.hotswap-doctor-')), { recursive: true });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

async function freeBytes(path: string): Promise<number | undefined> {
  return statfs(path).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => undefined,
  );
}

/** The soft limit, which is the one that is met. */
async function openFileLimit(): Promise<number | undefined> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const found = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return found === undefined ? undefined : Number(found);
}

async function sqliteProblem(): Promise<string | undefined> {
  try {
    const { DatabaseSync } = await import('node:sqlite');
    const database = new DatabaseSync(':memory:');
    database.exec('CREATE TABLE t (a); INSERT INTO t VALUES (1)');
    database.close();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
