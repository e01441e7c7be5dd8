import type { ConfinedProcess, LaunchOptions } from '@hotswap/sandbox';
import { expect, it } from 'vitest';
import { ProcessPool } from './process-pool.ts';
import { SandboxDoor } from './sandbox-door.ts';
import { silentLog } from '../../host-services/logging/silent-log.ts';
import { createSystemClock } from '../../host-services/system-clock.ts';

function poolOf(launch: (options: LaunchOptions) => Promise<ConfinedProcess>): ProcessPool {
  return new ProcessPool({
    launch,
    entry: async () => '/no/such/guest.cjs',
    spares: 1,
    limits: { memoryMB: 256 },
    clock: createSystemClock(),
    log: silentLog,
  });
}

it('a process that cannot be started is refused by a code, and says why', async () => {
  const door = new SandboxDoor({ allowMissing: ['cgroup', 'namespaces', 'seccomp'], log: silentLog });
  const pool = poolOf((options) => door.launch(options));
  await expect(pool.take({ plugin: 'shop', generation: 1 })).rejects.toMatchObject({ code: 'PROCESS_START_FAILED' });
  expect(pool.status()).toEqual({ alive: 0, spares: 0, stuck: [] });
  await pool.close();
});

it('what a plugin may reach and use is in its launch', async () => {
  const launches: LaunchOptions[] = [];
  const pool = poolOf(async (options) => {
    launches.push(options);
    throw new Error('enough is known');
  });
  const limits = { memoryMB: 64, cpuPercent: 25, processes: 8, openFiles: 64, graceMs: 1 };
  const network = ['api.example.com:443'];
  await expect(pool.take({ plugin: 'shop', generation: 1, limits, network })).rejects.toThrow('enough is known');
  expect(launches).toMatchObject([
    { egress: network, limits: { memoryMB: 64, cpuPercent: 25, processes: 8, openFiles: 64 } },
  ]);
  await pool.close();
});
