import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import type { ConfinedExit, ConfinedProcess, ConfinementLimits } from '../confined-process.ts';
import { SandboxError } from '../errors.ts';
import type { AppliedLimits } from '../launch/applied-limits.ts';
import type { LayerState } from '../layers.ts';
import type { ResourceUsage } from '../resource-usage.ts';
import { readUsage } from '../usage/read-usage.ts';
import { duplexOf, endOf, firstInside, lastText, keptOf } from './child-streams.ts';
import { channelDescriptor } from '../launch/descriptors.ts';
import { exitOf } from './exit-cause.ts';
import { watchProcessor } from './processor-watch.ts';
import { childrenOf, endProcess, type KnownProcess, startOf } from './process-table.ts';
import type { Surroundings } from '../surroundings/surroundings.ts';
import type { Undoing } from './undoing.ts';

interface RunParts extends Surroundings {
  readonly states: readonly LayerState[];
  readonly undoing: Undoing;
  readonly texts: ReadonlyMap<number, Buffer>;
  /** Where bubblewrap tells of itself; undefined: there is none. */
  readonly status: number | undefined;
  /** Whether its processes have a namespace of their own, whose end is the end of all of them. */
  readonly isolates: boolean;
  /** Inside: where it may write. */
  readonly folders: readonly string[];
}

/** One process behind its layers, from the spawn until nothing is left. */
export class ConfinedRun implements ConfinedProcess {
  readonly pid: number;
  readonly layers: readonly LayerState[];
  /** What it runs as on this host; undefined: as this process. */
  readonly uid: number | undefined;
  readonly channel: Duplex;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exited: Promise<ConfinedExit>;
  readonly #child: ChildProcess;
  readonly #parts: RunParts;
  readonly #inside: Promise<KnownProcess | undefined>;
  #wasKilled = false;
  #memoryMB: number;

  /** @throws the error of the spawn, later, from `confined` */
  constructor(child: ChildProcess, parts: RunParts) {
    this.#child = child;
    this.#parts = parts;
    this.pid = child.pid ?? -1;
    this.#memoryMB = parts.limits.memoryMB;
    this.layers = parts.states;
    this.uid = parts.uid;
    this.channel = duplexOf(child.stdio[channelDescriptor]);
    this.stdout = keptOf(child.stdout);
    this.stderr = keptOf(child.stderr);
    // After the spawn, before its first turn: a child that it starts meanwhile belongs to the group too.
    if (child.pid !== undefined) parts.group?.started(child.pid);
    for (const [descriptor, text] of parts.texts) {
      const pipe = duplexOf(child.stdio[descriptor]);
      // When it ends before it has read, its exit tells more than a broken pipe does.
      pipe.on('error', () => {});
      pipe.end(text);
    }
    this.#inside = parts.status === undefined ? Promise.resolve(undefined) : firstInside(child.stdio[parts.status]);
    const { group, limits, undoing } = parts;
    if (group !== undefined && limits.cpuSeconds !== undefined) {
      undoing.add(watchProcessor(group, limits.cpuSeconds, () => this.#child.kill('SIGKILL')));
    }
    this.exited = this.#untilGone();
  }

  /** Resolves when the layers stand. @throws SANDBOX_LAUNCH_FAILED */
  async confined(signal: AbortSignal | undefined): Promise<void> {
    const stop = (): void => void this.kill();
    signal?.addEventListener('abort', stop);
    try {
      const inside = await this.#inside;
      signal?.throwIfAborted();
      if (this.#parts.status === undefined || inside !== undefined) return;
      const said = await lastText(this.stderr);
      const { detail } = await this.exited;
      throw new SandboxError('SANDBOX_LAUNCH_FAILED', { reason: said === '' ? detail : said });
    } catch (error) {
      await this.exited;
      throw error;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  async limit(limits: ConfinementLimits): Promise<void> {
    const { group, limits: launched } = this.#parts;
    const reason = whyFixed(limits, { launched, hasGroup: group !== undefined });
    if (reason !== undefined) throw new SandboxError('SANDBOX_LIMIT_FIXED', { reason });
    await group?.limit(limits);
    this.#memoryMB = limits.memoryMB ?? this.#memoryMB;
  }

  allowNetwork(entries: readonly string[]): void {
    this.#parts.egress?.allow(entries);
  }

  async usage(): Promise<ResourceUsage> {
    const { egress, group } = this.#parts;
    const counts = egress?.counts;
    return {
      ...(await readUsage({ pid: this.pid, group, folders: this.#parts.folders })),
      networkSentBytes: counts?.sentBytes ?? 0,
      networkReceivedBytes: counts?.receivedBytes ?? 0,
    };
  }

  signal(signal: NodeJS.Signals): void {
    void this.#signalProgram(signal);
  }

  async kill(): Promise<ConfinedExit> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#wasKilled = true;
      this.#child.kill('SIGKILL');
    }
    return await this.exited;
  }

  ref(): void {
    for (const handle of this.#handles()) handle.ref();
  }

  unref(): void {
    for (const handle of this.#handles()) handle.unref();
  }

  /** What keeps the event loop of this host alive. */
  *#handles(): Generator<{ ref(): unknown; unref(): unknown }> {
    yield this.#child;
    for (const stream of [this.channel, this.#child.stdout, this.#child.stderr])
      if (stream instanceof Socket) yield stream;
  }

  async #signalProgram(signal: NodeJS.Signals): Promise<void> {
    const inside = await this.#inside;
    if (inside === undefined) return void this.#child.kill(signal);
    // The first process inside only waits; the program is its child.
    const [program] = this.#parts.isolates ? await childrenOf(inside.pid) : [inside.pid];
    if (program !== undefined && (await startOf(inside.pid)) === inside.start) process.kill(program, signal);
  }

  async #untilGone(): Promise<ConfinedExit> {
    const { undoing, group, limits } = this.#parts;
    const { code, signal, error } = await endOf(this.#child);
    const inside = await this.#inside;
    // It dies with its parent, but not in the first milliseconds, before it has said so to the kernel.
    if (inside !== undefined) await endProcess(inside);
    await group?.kill();
    const wasOutOfMemory = (await group?.wasOutOfMemory()) ?? false;
    const cpuMs = (await group?.usage())?.cpuMs;
    await undoing.run();
    const { cpuSeconds } = limits;
    const memoryMB = this.#memoryMB;
    const exit = exitOf({ code, signal, wasKilled: this.#wasKilled, wasOutOfMemory, memoryMB, cpuSeconds, cpuMs });
    return error === undefined ? exit : { ...exit, detail: error };
  }
}

/** Why limits cannot be changed now: those of the kernel for one process, and of its temp folder, were set before it began. */
function whyFixed(
  limits: ConfinementLimits,
  { launched, hasGroup }: { readonly launched: AppliedLimits; readonly hasGroup: boolean },
): string | undefined {
  const fixed = (['openFiles', 'diskMB', 'cpuSeconds'] as const).find(
    (name) => limits[name] !== undefined && limits[name] !== launched[name],
  );
  if (fixed !== undefined) return `${fixed} is set before a process begins`;
  const changes = [limits.memoryMB, limits.cpuPercent, limits.processes].some((value) => value !== undefined);
  return changes && !hasGroup ? 'it was launched without the layer cgroup' : undefined;
}
