import { readFile, readlink } from 'node:fs/promises';
import { firstLine, lastText } from '../run/child-streams.ts';
import { launchProcess } from '../launch/launch.ts';
import type { LaunchGround } from '../launch/launch-ground.ts';
import type { LayerName } from '../layers.ts';
import { faultOf, type ProbeExpectation } from './expected-facts.ts';
import { type InsideFacts, ownNamespaces, probeScript } from './probe-script.ts';

/** Longer than any Node takes to start on a busy machine. */
const probeMs = 15_000;
const environment = { LANG: 'C.UTF-8', TMPDIR: '/tmp' };
const limits = { diskMB: 8, openFiles: 200 };
const bytesPerMB = 1_048_576;

/**
 * Starts a script behind some layers and has it try each of them.
 * @returns what does not hold, for each layer of them that does not
 */
export async function probeLaunch(
  ground: LaunchGround,
  layers: readonly LayerName[],
): Promise<ReadonlyMap<LayerName, string>> {
  const signal = AbortSignal.timeout(probeMs);
  try {
    // Its temp folder is the one it is told of only where it has a file tree of its own.
    const isolates = layers.includes('namespaces');
    const run = await launchProcess(
      ground,
      {
        options: {
          program: { type: 'node', file: ground.node },
          read: ['/proc'],
          limits,
          ...(isolates && { environment }),
        },
        layers: new Set(layers),
        states: [],
        limitsTogether: false,
        script: probeScript,
      },
      signal,
    );
    const saying = lastText(run.stderr);
    const output = await firstLine(run.stdout);
    const seenUid = await uidOf(run.pid);
    // It waits for this, so that there is somebody to look at.
    run.channel.end();
    const [exit, said] = await Promise.all([run.exited, saying]);
    if (output === undefined || exit.code !== 0) throw new Error(said === '' ? exit.detail : said);
    const facts = JSON.parse(output) as InsideFacts;
    const expected = { ...(await expectation()), uid: run.uid, seenUid };
    return new Map(
      layers.flatMap((layer) => {
        const fault = faultOf(layer, facts, expected);
        return fault === undefined ? [] : [[layer, fault]];
      }),
    );
  } catch (error) {
    return new Map(layers.map((layer) => [layer, error instanceof Error ? error.message : String(error)]));
  }
}

async function expectation(): Promise<Omit<ProbeExpectation, 'uid' | 'seenUid'>> {
  const links = ownNamespaces.map(async (name) => [name, await readlink(`/proc/self/ns/${name}`).catch(() => '')]);
  return {
    environment: ['PATH', 'HOME', 'TMPDIR', 'LANG'],
    tempBytes: limits.diskMB * bytesPerMB,
    openFiles: limits.openFiles,
    namespaces: Object.fromEntries(await Promise.all(links)) as Record<string, string>,
  };
}

/** The uid of a process of this host. */
async function uidOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const uid = /^Uid:\s*(\d+)/m.exec(status)?.[1];
  return uid === undefined ? undefined : Number(uid);
}
