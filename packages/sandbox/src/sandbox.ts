import type { ConfinedProcess } from './confined-process.ts';
import { SandboxError } from './errors.ts';
import { decideLayers } from './launch/decide-layers.ts';
import { launchProcess } from './launch/launch.ts';
import type { LaunchOptions, SandboxOptions } from './launch-options.ts';
import type { LayerState } from './layers.ts';
import { probeHost } from './probe/probe-host.ts';

/** Confines processes as well as this host can. */
export interface Sandbox {
  /** Every layer, as it was found by really using it. */
  readonly report: readonly LayerState[];
  /**
   * Starts a program behind the layers of this host. Resolves when they stand.
   * @throws SANDBOX_LAYER_MISSING, SANDBOX_LAUNCH_FAILED
   */
  launch(options: LaunchOptions, signal?: AbortSignal): Promise<ConfinedProcess>;
}

/**
 * Finds out what this host can do, once for a whole process, by starting something harmless behind every layer.
 *
 * @example
 * const sandbox = await createSandbox();
 * const confined = await sandbox.launch({ program: { type: 'node', file: '/srv/untrusted/main.cjs' } });
 * confined.stdout.pipe(process.stdout);
 * console.log((await confined.exited).detail);
 */
export async function createSandbox({ allowMissing = [] }: SandboxOptions = {}): Promise<Sandbox> {
  const { ground, report } = await probeHost();
  return {
    report,
    async launch(options, signal) {
      const decision = decideLayers(report, {
        type: options.program.type,
        without: options.without ?? [],
        allowMissing,
      });
      if (decision.refused.length > 0) {
        throw new SandboxError('SANDBOX_LAYER_MISSING', {
          layers: decision.refused.map(({ layer }) => layer).join(', '),
          reason: decision.refused.map(({ error }) => error ?? 'unknown').join('; '),
        });
      }
      return await launchProcess(ground, { options, ...decision }, signal);
    },
  };
}
