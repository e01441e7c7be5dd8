import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe } from 'vitest';

const run = promisify(execFile);
type Command = readonly [string, ...string[]];

/** An engine with storage of its own, which ends with the test. */
export interface TestEngine {
  readonly name: 'podman' | 'docker';
  readonly command: Command;
  /** Runs a command of it by hand. */
  readonly run: (...args: readonly string[]) => Promise<string>;
  readonly close: () => Promise<void>;
}

interface Available {
  readonly name: TestEngine['name'];
  /** Why it cannot be had here. */
  readonly missing: string | undefined;
  readonly start: () => Promise<TestEngine>;
}

/** Starts podman with an empty storage. */
async function startPodman(): Promise<TestEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'podman-'));
  const command: Command = ['podman', '--root', join(folder, 'root'), '--runroot', join(folder, 'run')];
  return {
    name: 'podman',
    command,
    run: runner(command),
    close: async () => {
      await run('podman', [...command.slice(1), '--cgroup-manager', 'cgroupfs', 'rm', '--all', '--force', '--time=0']);
      await run('umount', ['--recursive', join(folder, 'root/overlay')]).catch(() => {});
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Starts a daemon of Docker that changes nothing of this host's network. */
async function startDocker(): Promise<TestEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'docker-'));
  const socket = join(folder, 'engine.sock');
  const command: Command = ['docker', '--host', `unix://${socket}`];
  const network = ['--bridge=none', '--iptables=false', '--ip6tables=false'];
  const places = [
    '--data-root',
    join(folder, 'data'),
    '--exec-root',
    join(folder, 'exec'),
    '--pidfile',
    join(folder, 'pid'),
  ];
  const daemon = spawn('dockerd', [...network, ...places, '--host', `unix://${socket}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  daemon.stderr.on('data', (chunk: Buffer) => (said = `${said}${String(chunk)}`.slice(-2_000)));
  const close = async (): Promise<void> => {
    await end(daemon);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await answering(command, daemon);
  } catch (error) {
    await close();
    throw new Error(`dockerd does not start: ${said}`, { cause: error });
  }
  return { name: 'docker', command, run: runner(command), close };
}

async function answering(command: Command, daemon: ChildProcess): Promise<void> {
  for (let look = 0; look < 150 && daemon.exitCode === null; look += 1) {
    const answers = await runner(command)('info').then(
      () => true,
      () => false,
    );
    if (answers) return;
    await after(100);
  }
  throw new Error('it does not answer');
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const ended = once(daemon, 'exit');
  daemon.kill('SIGTERM');
  const timer = setTimeout(() => daemon.kill('SIGKILL'), 20_000);
  await ended;
  clearTimeout(timer);
}

function runner([file, ...flags]: Command): TestEngine['run'] {
  return async (...args) => (await run(file, [...flags, ...args])).stdout;
}

async function reasonAgainst(...programs: readonly string[]): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'containers are tried on Linux';
  if (process.getuid?.() !== 0) return 'it takes root to start an engine with storage of its own';
  for (const program of programs) {
    const found = await run(program, ['--version']).catch(() => undefined);
    if (found === undefined) return `${program} is not installed`;
  }
  return undefined;
}

const engines: readonly Available[] = [
  { name: 'podman', missing: await reasonAgainst('podman', 'runc'), start: startPodman },
  { name: 'docker', missing: await reasonAgainst('docker', 'dockerd'), start: startDocker },
];

/** An engine beside other tests takes its time. */
const slow = { timeout: 60_000 };

/** The same tests with every engine. One that cannot be had is told in the name and skipped; in CI that is a failure. */
export function describeEngines(about: string, tests: (start: () => Promise<TestEngine>) => void): void {
  for (const { name, missing, start } of engines) {
    const isSkipped = missing !== undefined && process.env['CI'] !== 'true';
    describe.skipIf(isSkipped)(`${about}, ${name}${missing === undefined ? '' : ` (${missing})`}`, slow, () =>
      tests(start),
    );
  }
}

/** Tests with the first engine that can be had: what they show does not depend on which. */
export function describeAnyEngine(about: string, tests: (start: () => Promise<TestEngine>) => void): void {
  const [first, second] = engines;
  const chosen = first?.missing === undefined ? first : (second ?? first);
  const missing = chosen?.missing;
  const isSkipped = missing !== undefined && process.env['CI'] !== 'true';
  describe.skipIf(isSkipped)(`${about}${missing === undefined ? '' : ` (${missing})`}`, slow, () => {
    if (chosen !== undefined) tests(chosen.start);
  });
}
