import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runSoak } from '../../bench/soak/soak.ts';

/** Ten minutes with HOTSWAP_SOAK_SECONDS=600; long enough by default that every fault comes several times. */
const seconds = Number(process.env['HOTSWAP_SOAK_SECONDS'] ?? 45);
const seed = Number(process.env['HOTSWAP_SOAK_SEED'] ?? Date.now() % 100_000);

it(
  `loses no request of a healthy plugin in ${seconds} s of faults, and tells in the log why each thing was done`,
  {
    timeout: (seconds + 60) * 1_000,
  },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hotswap-soak-'));
    let child: ChildProcess | undefined;
    onTestFinished(async () => {
      child?.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    });
    const { healthy, faulty, operations, log } = await runSoak({
      folder,
      ms: seconds * 1_000,
      seed,
      onChild: (started) => (child = started),
    });
    const about = JSON.stringify({ seed, operations, ...log });
    expect(healthy.failures, about).toEqual([]);
    expect(healthy.failed).toBe(0);
    expect(log.unexplained, about).toEqual([]);

    // It proves something only if things went wrong.
    expect(healthy.requests, about).toBeGreaterThan(seconds * 50);
    expect(faulty.failed, about).toBeGreaterThan(0);
    expect(log.openings, about).toBeGreaterThan(0);
    for (const symptom of ['crash', 'health', 'faults', 'timeouts', 'breaker']) {
      expect(log.symptoms[symptom] ?? 0, `${symptom} ${about}`).toBeGreaterThan(0);
    }
    expect(log.outcomes['quarantined'] ?? 0, about).toBeGreaterThan(0);
    expect(operations['swap to what does not start kept'] ?? 0, about).toBeGreaterThan(0);
  },
);
