import type { ConfinedProcess, ConfinementLimits } from '@hotswap/sandbox';
import { expect, it } from 'vitest';
import { describeSandbox, sandboxHost } from './sandbox-host.ts';
import { silentLog } from '../src/host-services/logging/silent-log.ts';
import { createSystemClock } from '../src/host-services/system-clock.ts';
import type { GuestLaunch } from '../src/isolation/processes/launch-profile.ts';
import { ProcessPool } from '../src/isolation/processes/process-pool.ts';
import { SandboxDoor } from '../src/isolation/processes/sandbox-door.ts';
import { guestProcessFile } from '../src/isolation/remote/guest-entry.ts';

const { allowMissing } = sandboxHost;
const hasGroups = !allowMissing.includes('cgroup');

/** A pool whose processes may use two cores while they start and a quarter of one later, and what it asked for. */
function poolOf() {
  const door = new SandboxDoor({ allowMissing, log: silentLog });
  const asked: (number | undefined)[] = [];
  const launch = async (options: GuestLaunch): Promise<ConfinedProcess> => {
    asked.push(options.limits?.cpuPercent);
    const confined = await door.launch(options);
    const limit = confined.limit.bind(confined);
    confined.limit = async (limits: ConfinementLimits) => {
      await limit(limits);
      asked.push(limits.cpuPercent);
    };
    return confined;
  };
  const pool = new ProcessPool({
    launch,
    entry: guestProcessFile,
    spares: 0,
    limits: { memoryMB: 256, cpuPercent: 25 },
    startCpuPercent: 200,
    clock: createSystemClock(),
    log: silentLog,
  });
  return Object.assign(pool, { asked, [Symbol.asyncDispose]: () => pool.close() });
}

describeSandbox('a process that starts', () => {
  it.skipIf(!hasGroups)(
    'may use more of the processor, and is held to its limit before a plugin is let in',
    async () => {
      await using pool = poolOf();
      await pool.take({ plugin: 'shop', generation: 1 });
      expect(pool.asked).toEqual([200, 25]);
    },
  );

  it('never gets less than its plugin may use', async () => {
    await using pool = poolOf();
    const limits = { memoryMB: 256, cpuPercent: 400, graceMs: 1_000 };
    await pool.take({ plugin: 'shop', generation: 1, limits });
    expect(pool.asked).toEqual([400]);
  });
});
