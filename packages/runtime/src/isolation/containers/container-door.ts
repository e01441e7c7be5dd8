import { messageOf } from '@hotswap/protocol';
import type { ConfinedProcess, ContainerEngine, LayerName, LayerState } from '@hotswap/sandbox';
import type { Logger } from '@hotswap/sdk';
import { fail } from '../../errors.ts';
import type { GuestLaunch } from '../processes/launch-profile.ts';

export interface ContainerDoorOptions {
  /** The engine's command and its flags; empty: whichever works. */
  readonly engine: readonly string[];
  /** Layers that operators allow to be missing. */
  readonly allowMissing: readonly LayerName[];
  /** Never seen in a container, absolute; undefined: there is none. */
  readonly data: string | undefined;
  readonly log: Logger;
}

/** What an operator may ask about the engine of containers. */
export type EngineLook =
  | { readonly engine: string; readonly rootless: boolean; readonly missing: readonly LayerState[] }
  | { readonly problem: string };

/** The way to the engine of containers: nothing is asked of it before the first container is wanted. */
export class ContainerDoor {
  readonly #options: ContainerDoorOptions;
  #engine: Promise<ContainerEngine> | undefined;
  #layers: readonly LayerState[] | undefined;

  constructor(options: ContainerDoorOptions) {
    this.#options = options;
  }

  /** What an operator must know, in sentences. */
  notices(): readonly string[] {
    return this.#missing().map(({ layer, consequence }) => {
      const what = consequence === undefined ? '' : `: ${consequence}`;
      return `plugins at level container run without ${layer}, which allowMissing allows${what}`;
    });
  }

  /** Which engine there is, and what its containers lack if one has been started; why there is none else. */
  async look(): Promise<EngineLook> {
    try {
      this.#engine ??= this.#open();
      const { kind, version, rootless } = await (await this.#engine).identify();
      return { engine: `${kind} ${version}`, rootless, missing: this.#missing() };
    } catch (error) {
      return { problem: messageOf(error) };
    }
  }

  /** @throws CONTAINER_UNAVAILABLE, CONTAINER_START_FAILED */
  async launch(options: GuestLaunch): Promise<ConfinedProcess> {
    try {
      this.#engine ??= this.#open();
      const confined = await (await this.#engine).launch(options);
      this.#note(confined.layers);
      return confined;
    } catch (error) {
      throw asOurs(error);
    }
  }

  /** After the last container has ended. */
  async close(): Promise<void> {
    await (await this.#engine)?.close();
  }

  async #open(): Promise<ContainerEngine> {
    const { ContainerEngine } = await import('@hotswap/sandbox');
    const { engine, allowMissing, data } = this.#options;
    const [command, ...flags] = engine;
    return new ContainerEngine({
      allowMissing,
      // What a plugin names was held against its operator's list before it got here.
      mounts: [{ source: '/' }],
      ...(command !== undefined && { command: [command, ...flags] }),
      ...(data !== undefined && { guarded: [data] }),
    });
  }

  #note(layers: readonly LayerState[]): void {
    const isFirst = this.#layers === undefined;
    this.#layers = layers;
    if (!isFirst) return;
    for (const { layer, error, consequence } of this.#missing())
      this.#options.log.warn({ layer, error, consequence }, 'a layer of containers is missing and was allowed to be');
  }

  #missing(): readonly LayerState[] {
    return (this.#layers ?? []).filter(({ status }) => status !== 'used');
  }
}

/** What an operator must see to before any container runs; the rest concerns one plugin. */
const ofTheHost: readonly unknown[] = ['CONTAINER_ENGINE_MISSING', 'CONTAINER_LIMIT_IGNORED', 'SANDBOX_LAYER_MISSING'];

/** Errors of the sandbox package are recognised by their code, and told in the runtime's own. */
function asOurs(error: unknown): Error {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return fail(
    ofTheHost.includes(code) ? 'CONTAINER_UNAVAILABLE' : 'CONTAINER_START_FAILED',
    { reason: messageOf(error) },
    { cause: error },
  );
}
