import type { ConfinedProcess, LaunchOptions, LayerName, LayerState, Sandbox } from '@hotswap/sandbox';
import { messageOf } from '@hotswap/protocol';
import type { Logger } from '@hotswap/sdk';
import { fail } from '../../errors.ts';

export interface SandboxDoorOptions {
  /** Layers that operators allow to be missing. */
  readonly allowMissing: readonly LayerName[];
  readonly log: Logger;
}

/** The way to the sandbox package: nothing of it is looked at before the first process is wanted. */
export class SandboxDoor {
  readonly #options: SandboxDoorOptions;
  #sandbox: Promise<Sandbox> | undefined;
  #layers: readonly LayerState[] | undefined;

  constructor(options: SandboxDoorOptions) {
    this.#options = options;
  }

  /** What stands between a confined process and this host; undefined before the first one. */
  get layers(): readonly LayerState[] | undefined {
    return this.#layers;
  }

  /** What an operator must know, in sentences. */
  notices(): readonly string[] {
    return this.#missing().map(({ layer, consequence }) => {
      const what = consequence === undefined ? '' : `: ${consequence}`;
      return `plugins at level sandbox run without ${layer}, which allowMissing allows${what}`;
    });
  }

  /** Every layer as it is found on this host, without running anything of a plugin. */
  async look(): Promise<readonly LayerState[]> {
    this.#sandbox ??= this.#open();
    return (await this.#sandbox).report;
  }

  /** @throws ISOLATION_LAYER_MISSING, PROCESS_START_FAILED */
  async launch(options: LaunchOptions): Promise<ConfinedProcess> {
    try {
      this.#sandbox ??= this.#open();
      const sandbox = await this.#sandbox;
      const confined = await sandbox.launch(options);
      // Not those of this launch: around another program than Node there are fewer.
      this.#note(sandbox.report);
      return confined;
    } catch (error) {
      throw asOurs(error);
    }
  }

  async #open(): Promise<Sandbox> {
    const { createSandbox } = await import('@hotswap/sandbox');
    const { allowMissing } = this.#options;
    return createSandbox({ allowMissing });
  }

  #note(layers: readonly LayerState[]): void {
    const isFirst = this.#layers === undefined;
    this.#layers = layers;
    if (!isFirst) return;
    for (const { layer, error, consequence, advice } of this.#missing())
      this.#options.log.warn(
        { layer, error, consequence, advice },
        'a layer of the sandbox is missing and was allowed to be',
      );
  }

  #missing(): readonly LayerState[] {
    return (this.#layers ?? []).filter(({ status }) => status !== 'used');
  }
}

/** Errors of the sandbox package are recognised by their code, and told in the runtime's own. */
function asOurs(error: unknown): Error {
  const code = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  const isMissing = code === 'SANDBOX_LAYER_MISSING';
  return fail(
    isMissing ? 'ISOLATION_LAYER_MISSING' : 'PROCESS_START_FAILED',
    { reason: messageOf(error) },
    { cause: error },
  );
}
