import { judgeFindings, probeLimits } from './judge-findings.ts';
import { type Findings, probeScript } from './probe-script.ts';
import { SandboxError } from '../../errors.ts';
import { appliedLimits } from '../../launch/applied-limits.ts';
import type { LayerState } from '../../layers.ts';
import { tail } from '../engine/engine-cli.ts';
import type { FoundEngine } from '../engine/find-engine.ts';
import type { ImageStore } from '../images/image-store.ts';
import { hostLabel, ownName } from '../leftovers/leftovers.ts';
import { runArguments } from '../run-arguments.ts';

/** What the probe needs. */
export interface ProbeParts {
  readonly engine: FoundEngine;
  readonly store: ImageStore;
  readonly uid: number;
  /** File of the profile of system calls; undefined: the engine's own. */
  readonly seccomp: string | undefined;
}

/**
 * Starts a container with limits that nothing else has, and reads from inside what it is held to.
 *
 * @throws CONTAINER_LAUNCH_FAILED, CONTAINER_ENGINE_FAILED
 */
export async function probeEngine({ engine, store, uid, seccomp }: ProbeParts): Promise<readonly LayerState[]> {
  const { digest, volumes } = await store.base();
  const name = await ownName(0);
  const args = runArguments({
    engine: engine.kind,
    name,
    labels: { [hostLabel]: String(process.pid) },
    image: digest,
    imageVolumes: volumes,
    uid,
    seccomp,
    limits: appliedLimits(probeLimits),
    group: undefined,
    mounts: [],
    environment: {},
    inherited: [],
    passesChannel: false,
    entrypoint: 'node',
    args: ['-e', probeScript],
  });
  const { code, stdout, stderr } = await engine.cli.run(args);
  await engine.cli.run(['rm', '--force', '--volumes', name]);
  if (code !== 0) throw new SandboxError('CONTAINER_LAUNCH_FAILED', { reason: tail(stderr) || 'the probe failed' });
  const how = `cgroup ${engine.cgroupVersion} by ${engine.kind} with ${engine.ociRuntime}`;
  return judgeFindings(JSON.parse(stdout) as Findings, { uid, how, complaint: tail(stderr) });
}
