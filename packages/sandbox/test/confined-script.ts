import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ConfinedExit, ConfinedProcess, LaunchOptions, Sandbox } from '@hotswap/sandbox';

/** What a script said and how it ended. */
export interface Finished {
  readonly exit: ConfinedExit;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder that every user can enter; the usual temp folder of a test is closed to a confined user. */
export async function makeOpenFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  await chmod(folder, 0o755);
  return folder;
}

/** Scripts in a folder of their own, each launched behind every layer unless told otherwise. */
export class Scripts {
  readonly folder: string;
  readonly #sandbox: Sandbox;
  #count = 0;

  static async create(sandbox: Sandbox): Promise<Scripts> {
    return new Scripts(sandbox, await makeOpenFolder());
  }

  constructor(sandbox: Sandbox, folder: string) {
    this.#sandbox = sandbox;
    this.folder = folder;
  }

  async launch(source: string, options: Partial<LaunchOptions> = {}, signal?: AbortSignal): Promise<ConfinedProcess> {
    this.#count += 1;
    const file = join(this.folder, `script-${this.#count}.cjs`);
    await writeFile(file, source);
    return await this.#sandbox.launch({ program: { type: 'node', file }, ...options }, signal);
  }

  async run(source: string, options: Partial<LaunchOptions> = {}): Promise<Finished> {
    return await finish(await this.launch(source, options));
  }

  /** Runs an expression inside and gives what it comes to. */
  async look<T>(expression: string, options: Partial<LaunchOptions> = {}): Promise<T> {
    const source = `const fs = require('node:fs');
      const attempt = (act) => { try { return act() ?? 'done'; } catch (error) { return error.code ?? error.message; } };
      Promise.resolve(${expression}).then((found) => fs.writeSync(1, JSON.stringify(found)));`;
    const { stdout, stderr } = await this.run(source, options);
    if (stdout === '') throw new Error(`the script said nothing but: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Waits for the end, and reads everything until then. */
export async function finish(confined: ConfinedProcess): Promise<Finished> {
  const [exit, stdout, stderr] = await Promise.all([confined.exited, text(confined.stdout), text(confined.stderr)]);
  return { exit, stdout, stderr };
}

/** The uid that a living process of this host has. */
export async function uidOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  // Nothing of a zombie is left but its number, until the first process of this machine asks for it.
  if (/^State:\s*Z/m.test(status)) throw new Error(`process ${pid} has ended`);
  return Number(/^Uid:\s*(\d+)/m.exec(status)?.[1]);
}

/** The processes of this host that belong to a user. */
export async function processesOf(uid: number): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const owned = await Promise.all(pids.map(async (pid) => (await uidOf(pid).catch(() => {})) === uid));
  return pids.filter((_, index) => owned[index]);
}
