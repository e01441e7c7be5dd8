import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { containerExit, type ContainerState, readState } from './container-state.ts';
import { containerUsage } from './container-usage.ts';
import type { FoundEngine } from './engine/find-engine.ts';
import { memoryPeak, removeGroup } from './memory-peak.ts';
import type { OutputTap } from './output-tap.ts';
import { updateArguments } from './run-arguments.ts';
import type { ConfinedExit, ConfinedProcess, ConfinementLimits } from '../confined-process.ts';
import { SandboxError } from '../errors.ts';
import type { EgressProxy } from '../egress/egress-proxy.ts';
import type { AppliedLimits } from '../launch/applied-limits.ts';
import type { LayerState } from '../layers.ts';
import { type ResourceUsage, unknownUsage } from '../resource-usage.ts';

/** What a container is made of. */
export interface ContainerParts {
  readonly engine: FoundEngine;
  readonly name: string;
  /** The group that it was started in, where it has one of its own. */
  readonly group: string | undefined;
  readonly limits: AppliedLimits;
  readonly layers: readonly LayerState[];
  /** The engine's command that runs it and passes its output. */
  readonly client: ChildProcess;
  readonly channel: Duplex;
  readonly stdout: Readable;
  readonly stderr: OutputTap;
  /** Its way out; undefined: it has none. */
  readonly egress: EgressProxy | undefined;
  /** Removes what was made for it beside the container. */
  readonly cleanUp: () => Promise<void>;
}

/** A container that runs one program, from its start until nothing of it is left. */
export class Container implements ConfinedProcess {
  readonly pid: number;
  readonly layers: readonly LayerState[];
  readonly channel: Duplex;
  readonly stdout: Readable;
  readonly stderr: OutputTap;
  readonly exited: Promise<ConfinedExit>;
  readonly #parts: ContainerParts;
  #wasKilled = false;
  #killing: Promise<ConfinedExit> | undefined;
  #init: Promise<number | undefined> | undefined;

  constructor(parts: ContainerParts) {
    const { client, channel, layers } = parts;
    this.#parts = parts;
    this.pid = client.pid ?? 0;
    this.layers = layers;
    this.channel = channel;
    this.stdout = parts.stdout;
    this.stderr = parts.stderr;
    this.exited = this.#end();
  }

  async limit(limits: ConfinementLimits): Promise<void> {
    const { engine, name, limits: launched } = this.#parts;
    const { processes } = limits;
    if (engine.kind === 'podman' && processes !== undefined && processes !== launched.processes) {
      const reason = `podman cannot change the number of processes from ${launched.processes} to ${processes}`;
      throw new SandboxError('SANDBOX_LIMIT_FIXED', { reason });
    }
    if (limits.memoryMB === undefined && limits.cpuPercent === undefined && limits.processes === undefined) return;
    await engine.cli.must(updateArguments(engine.kind, name, limits));
  }

  allowNetwork(entries: readonly string[]): void {
    this.#parts.egress?.allow(entries);
  }

  async usage(): Promise<ResourceUsage> {
    this.#init ??= this.#state().then((state) => (state?.pid === 0 ? undefined : state?.pid));
    const pid = await this.#init;
    // It may not be up yet.
    if (pid === undefined) this.#init = undefined;
    if (pid === undefined) return unknownUsage;
    const { sentBytes = 0, receivedBytes = 0 } = this.#parts.egress?.counts ?? {};
    return { ...(await containerUsage(pid)), networkSentBytes: sentBytes, networkReceivedBytes: receivedBytes };
  }

  signal(signal: NodeJS.Signals): void {
    const { engine, name } = this.#parts;
    engine.cli.run(['kill', `--signal=${signal}`, name]).catch(() => undefined);
  }

  kill(): Promise<ConfinedExit> {
    this.#wasKilled = true;
    this.#killing ??= this.#kill();
    return this.#killing;
  }

  ref(): void {
    for (const handle of this.#handles()) handle.ref();
  }

  unref(): void {
    for (const handle of this.#handles()) handle.unref();
  }

  /** Everything of it that the event loop of the host waits for. */
  #handles(): readonly { ref(): unknown; unref(): unknown }[] {
    const { client, channel } = this.#parts;
    return [client, ...[channel, client.stdout, client.stderr].filter((stream) => stream instanceof Socket)];
  }

  async #kill(): Promise<ConfinedExit> {
    const { client } = this.#parts;
    if (client.exitCode === null && client.signalCode === null) {
      await this.#remove();
      // It may have been about to start: without its client nothing starts it any more.
      client.kill('SIGKILL');
    }
    return this.exited;
  }

  async #end(): Promise<ConfinedExit> {
    const { client, limits, group, cleanUp } = this.#parts;
    if (client.exitCode === null && client.signalCode === null) {
      await new Promise<void>((resolve) => {
        client.once('error', () => resolve());
        client.once('exit', () => resolve());
      });
    }
    const state = await this.#state();
    const peakBytes = group === undefined ? undefined : await memoryPeak(group);
    await this.#remove();
    if (group !== undefined) await removeGroup(group);
    await cleanUp();
    return containerExit({ state, peakBytes, wasKilled: this.#wasKilled, limits, lastError: this.stderr.last });
  }

  async #state(): Promise<ContainerState | undefined> {
    const { engine, name } = this.#parts;
    const { code, stdout } = await engine.cli.run(['container', 'inspect', name]).catch(() => missing);
    return code === 0 ? readState(stdout) : undefined;
  }

  /** Also ends it. Once it is gone, this does nothing. */
  async #remove(): Promise<void> {
    const { engine, name } = this.#parts;
    const atOnce = engine.kind === 'podman' ? ['--time=0'] : [];
    await engine.cli.run(['rm', '--force', '--volumes', ...atOnce, name]).catch(() => undefined);
  }
}

const missing = { code: 127, stdout: '' };
