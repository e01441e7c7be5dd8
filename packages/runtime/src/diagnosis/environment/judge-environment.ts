import type { Check } from '../diagnosis.ts';
import { everyLevel } from '../../isolation/choose-isolate.ts';
import type { EnvironmentFacts, FolderFacts } from './environment-facts.ts';

type Judged = Omit<Check, 'area'>;

const megabyte = 2 ** 20;
const oldestNode = 24;
const fewOpenFiles = 4_096;
const tooFewOpenFiles = 256;
const smallHeapBytes = 256 * megabyte;
const littleRoomBytes = 512 * megabyte;
const noRoomBytes = 32 * megabyte;
/** Before this the clock was certainly not set: the first version came later. */
const earliestMoment = Date.UTC(2025, 0, 1);

/** What to say of the machine and the process. One line for each thing that was looked at. */
export function judgeEnvironment(facts: EnvironmentFacts): readonly Check[] {
  const checks = [
    nodeVersion(facts),
    flags(facts),
    inspector(facts),
    heapLimit(facts),
    memoryLimit(facts),
    openFiles(facts),
    cores(facts),
    user(facts),
    dataFolder(facts.data),
    room('temporary-folder', 'the temporary folder', facts.temporary),
    sharedMemory(facts),
    sqlite(facts),
    clock(facts),
    isolation(facts),
  ];
  return checks.map((check) => ({ area: 'environment', ...check }));
}

function ok(id: string, message: string): Judged {
  return { id, level: 'ok', message };
}

function warning(id: string, message: string, action: string): Judged {
  return { id, level: 'warning', message, action };
}

function problem(id: string, message: string, action: string): Judged {
  return { id, level: 'problem', message, action };
}

function nodeVersion({ nodeVersion: version }: EnvironmentFacts): Judged {
  const id = 'node-version';
  if (Number.parseInt(version, 10) >= oldestNode) return ok(id, `Node ${version}`);
  return problem(id, `Node ${version} is older than ${oldestNode}`, `install Node ${oldestNode} or newer`);
}

/** Flags that take away what the runtime relies on. Arguments of other flags are never shown: they may be secret. */
const weakening: readonly (readonly [flag: RegExp, what: string])[] = [
  [/^--unhandled-rejections=(none|warn)/, 'errors that nobody handles are passed over'],
  [/^--(no-)?(expose-internals|allow-natives-syntax)/, "V8's or Node's inside is open to plugins"],
  [/^--(r|require|import|loader|experimental-loader)(=|$)|^-r$/, 'code is loaded before the server'],
  [/^--max-old-space-size=\d{1,2}$/, 'the heap is limited to less than 100 MB'],
  [/^--jitless|^--no-opt\b/, 'code is not compiled, which makes everything slow'],
  [/^--prof\b|^--cpu-prof|^--heap-prof/, 'a profiler runs'],
];

function flags({ execArgv, nodeOptions }: EnvironmentFacts): Judged {
  const given = [...execArgv, ...nodeOptions.split(/\s+/)].filter((flag) => flag !== '');
  const found = weakening.filter(([flag]) => given.some((one) => flag.test(one))).map(([, what]) => what);
  const from = nodeOptions === '' ? 'flags of Node' : 'flags of Node, or NODE_OPTIONS';
  if (found.length === 0) return ok('node-flags', 'no flag of Node weakens anything');
  return warning('node-flags', `${found.join('; ')}: by ${from}`, 'start without them, unless that is wanted');
}

function inspector({ isInspected }: EnvironmentFacts): Judged {
  if (!isInspected) return ok('inspector', 'no debugger can attach');
  const message = 'the inspector is open: whoever reaches its port controls the process, and it keeps memory alive';
  return warning('inspector', message, 'start without --inspect where others are served');
}

function heapLimit({ heapLimitBytes }: EnvironmentFacts): Judged {
  const message = `the heap may grow to ${toText(heapLimitBytes)}`;
  if (heapLimitBytes >= smallHeapBytes) return ok('heap-limit', message);
  return warning('heap-limit', message, 'raise it with --max-old-space-size, or give the container more memory');
}

function memoryLimit({ memoryLimitBytes, memoryBytes, heapLimitBytes }: EnvironmentFacts): Judged {
  const id = 'memory-limit';
  if (memoryLimitBytes === undefined) return ok(id, `${toText(memoryBytes)} of memory, without a limit of a container`);
  const message = `${toText(memoryLimitBytes)} of memory by the limit of the container`;
  if (heapLimitBytes < memoryLimitBytes) return ok(id, message);
  return warning(
    id,
    `${message}, less than the heap may grow to: the system would end the process before Node sees it coming`,
    `start with --max-old-space-size=${Math.floor((memoryLimitBytes / megabyte) * 0.75)}`,
  );
}

function openFiles({ openFiles: limit }: EnvironmentFacts): Judged {
  const id = 'open-files';
  if (limit === undefined) return ok(id, 'open files and connections are not limited, or the system does not say');
  const message = `${limit} files and connections may be open at a time`;
  if (limit >= fewOpenFiles) return ok(id, message);
  const action = 'raise it: ulimit -n 65536, or LimitNOFILE in the unit';
  return limit < tooFewOpenFiles ? problem(id, message, action) : warning(id, message, action);
}

function cores({ cores: count }: EnvironmentFacts): Judged {
  if (count > 1) return ok('cores', `${count} cores`);
  const message = '1 core: plugins in threads and the bundler wait for the server, and it for them';
  return warning('cores', message, 'give it a second core if swaps must not be felt');
}

function user({ isRoot }: EnvironmentFacts): Judged {
  if (!isRoot) return ok('user', 'runs as an ordinary user');
  const message = 'runs as root: a plugin at none, basic or strict can do whatever root can';
  return warning('user', message, 'run it as a user of its own');
}

function dataFolder(data: FolderFacts | undefined): Judged {
  if (data !== undefined) return room('data-folder', 'the data folder', data);
  const message = 'there is no data folder: storage and what operators set are gone after a restart';
  return warning('data-folder', message, 'give one: [server] data, or the option data');
}

function room(id: string, what: string, { path, problem: reason, freeBytes }: FolderFacts): Judged {
  if (reason !== undefined) {
    return problem(id, `${what} ${path} cannot be written: ${reason}`, 'make it writable, or name another');
  }
  if (freeBytes === undefined) return ok(id, `${what} ${path} can be written`);
  const message = `${what} ${path} can be written and has ${toText(freeBytes)} free`;
  if (freeBytes >= littleRoomBytes) return ok(id, message);
  const action = 'free some, or name a folder on another disk';
  return freeBytes < noRoomBytes ? problem(id, message, action) : warning(id, message, action);
}

function sharedMemory({ platform, sharedMemory: memory }: EnvironmentFacts): Judged {
  const id = 'shared-memory';
  if (platform !== 'linux') return ok(id, 'this system has no /dev/shm, and nothing needs it');
  if (memory === undefined) {
    return warning(id, '/dev/shm is missing', 'mount it, as containers do with --shm-size: some libraries need it');
  }
  if (memory.problem === undefined) return ok(id, `/dev/shm has ${toText(memory.freeBytes ?? 0)} free`);
  return warning(id, `/dev/shm cannot be written: ${memory.problem}`, 'mount it writable: some libraries need it');
}

function sqlite({ sqliteProblem }: EnvironmentFacts): Judged {
  if (sqliteProblem === undefined) return ok('sqlite', 'SQLite works');
  const message = `SQLite does not work, so the storage of plugins does not: ${sqliteProblem}`;
  return problem('sqlite', message, 'start without --no-experimental-sqlite, on a Node with SQLite');
}

function clock({ now }: EnvironmentFacts): Judged {
  const date = new Date(now).toISOString();
  if (now >= earliestMoment) return ok('clock', `the clock says ${date}`);
  return problem('clock', `the clock says ${date}`, 'set it: certificates and tokens are judged by it');
}

function isolation({ levels }: EnvironmentFacts): Judged {
  const missing = everyLevel.filter((level) => !levels.includes(level));
  const given = `isolation: ${levels.join(', ')}`;
  if (missing.length === 0) return ok('isolation', given);
  return ok('isolation', `${given}; not in this build, and refused: ${missing.join(', ')}`);
}

function toText(bytes: number): string {
  const gigabytes = bytes / 2 ** 30;
  return gigabytes >= 1 ? `${gigabytes.toFixed(1)} GB` : `${Math.round(bytes / megabyte)} MB`;
}
