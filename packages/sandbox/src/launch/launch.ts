import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { LaunchOptions } from '../launch-options.ts';
import type { LayerName, LayerState } from '../layers.ts';
import { composeCommand } from './compose-command.ts';
import { ConfinedRun } from './confined-run.ts';
import { Descriptors } from './descriptors.ts';
import type { LaunchGround } from './launch-ground.ts';
import { makeSurroundings } from './surroundings.ts';
import { Undoing } from './undoing.ts';

/** One launch, with what stands around it decided. */
export interface LaunchOrder {
  readonly options: LaunchOptions;
  /** The layers that are used; the states tell of the others too. */
  readonly layers: ReadonlySet<LayerName>;
  readonly states: readonly LayerState[];
  /** Whether its processes are limited together, be it by polling. */
  readonly limitsTogether: boolean;
  /** Run by Node in place of the program's file. */
  readonly script?: string;
}

/**
 * Starts a process behind the layers of an order. Resolves when it is confined; its program starts then.
 * @throws SANDBOX_LAUNCH_FAILED
 */
export async function launchProcess(
  ground: LaunchGround,
  order: LaunchOrder,
  signal?: AbortSignal,
): Promise<ConfinedRun> {
  signal?.throwIfAborted();
  const undoing = new Undoing();
  const descriptors = new Descriptors();
  undoing.add(() => descriptors.close());
  try {
    const around = await makeSurroundings(ground, order, undoing);
    const { command, status } = await composeCommand(ground, order, { around, descriptors });
    const [file = '', ...args] = command;
    const child = spawn(file, args, {
      stdio: descriptors.stdio(order.options.stdin ?? 'ignore'),
      env: order.layers.has('environment') ? {} : process.env,
      cwd: '/',
      detached: true,
    });
    descriptors.close();
    const run = new ConfinedRun(child, {
      ...around,
      states: order.states,
      undoing,
      texts: descriptors.texts,
      status,
      isolates: order.layers.has('namespaces'),
      folders: [order.layers.has('namespaces') ? '/tmp' : join(around.folder ?? '/', 'tmp')],
    });
    await run.confined(signal);
    return run;
  } catch (error) {
    await undoing.run();
    throw error;
  }
}
