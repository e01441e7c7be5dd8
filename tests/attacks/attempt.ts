import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Target } from './world.ts';

/** What became of one attack. */
export interface Outcome {
  readonly attack: string;
  readonly won: boolean;
  readonly evidence: string;
}

/** What became of a run of attacks. */
export interface Attempt {
  readonly outcomes: readonly Outcome[];
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly stdoutBytes: number;
  /** The most that the command beside the sandbox used, in megabytes. */
  readonly hostMB: number;
}

export interface AttemptOptions {
  readonly attacks: readonly string[];
  readonly target: Target;
  /** Flags of `hotswap sandbox exec`. */
  readonly flags?: readonly string[];
  /** What starts the command, such as a change of user; default: nothing. */
  readonly prefix?: readonly string[];
  /** Whether anybody reads what it writes before it was ended; default true. */
  readonly isRead?: boolean;
}

const root = join(import.meta.dirname, '../..');
export const scripts = join(import.meta.dirname, 'scripts');
const longestMs = 60_000;

/** Runs attacks through `hotswap sandbox exec`, as any user would. They are never run in any other way. */
export async function attempt({
  attacks,
  target,
  flags = [],
  prefix = [],
  isRead = true,
}: AttemptOptions): Promise<Attempt> {
  const granted = ['--read', scripts, '--read', target.readable, '--work', target.work];
  const command = [
    ...prefix,
    process.execPath,
    '--conditions=@hotswap/source',
    '--no-experimental-ffi',
    join(root, 'packages/cli/src/main.ts'),
    'sandbox',
    'exec',
    ...granted,
    ...flags,
    join(scripts, 'run.cjs'),
    JSON.stringify({ attacks, target }),
  ];
  const [program = process.execPath, ...args] = command;
  const child = spawn(program, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.timeout(longestMs),
    killSignal: 'SIGKILL',
    env: { ...process.env, NODE_NO_WARNINGS: '1', ATTACKED_HOST: String(target['mark']) },
  });
  let [stdout, stderr, stdoutBytes, hostMB] = ['', '', 0, 0];
  child.stdout.on('data', (bytes: Buffer) => {
    stdoutBytes += bytes.length;
    if (stdout.length < 1_000_000) stdout += bytes.toString();
  });
  if (!isRead) child.stdout.pause();
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-20_000);
    if (stderr.includes('the script was ended')) child.stdout.resume();
  });
  const watch = setInterval(() => (hostMB = Math.max(hostMB, residentMB(child.pid))), 100);
  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('close', (...how) => resolve(how));
      child.once('error', reject);
    });
    return { outcomes: outcomesIn(stdout), code, signal, stderr, stdoutBytes, hostMB };
  } finally {
    clearInterval(watch);
  }
}

function outcomesIn(stdout: string): Outcome[] {
  const lines = stdout.split('\n').filter((line) => line.startsWith('{"attack"'));
  return lines.map((line) => JSON.parse(line) as Outcome);
}

function residentMB(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}
