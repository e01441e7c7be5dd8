import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { composeCommand } from './compose-command.ts';
import { ConfinedRun } from '../run/confined-run.ts';
import { Descriptors } from './descriptors.ts';
import type { LaunchGround } from './launch-ground.ts';
import type { LaunchOrder } from './launch-order.ts';
import { makeSurroundings } from '../surroundings/surroundings.ts';
import { Undoing } from '../run/undoing.ts';

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
    ground.watchdog.start();
    const { command, status } = await composeCommand(ground, order, { around, descriptors });
    const [file = '', ...args] = command;
    const child = spawn(file, args, {
      stdio: descriptors.stdio(order.options.stdin ?? 'ignore'),
      env: order.layers.has('environment') ? {} : process.env,
      cwd: '/',
      detached: true,
    });
    undoing.add(ground.watchdog.watch(child));
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
