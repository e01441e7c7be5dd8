import type { LayerName } from '../layers.ts';
import { type InsideFacts, ownNamespaces } from './probe-script.ts';

/** What a probe was started with, and what the host saw of it. */
export interface ProbeExpectation {
  /** The uid that it was to get, and the one it had in the eyes of the host. */
  readonly uid: number | undefined;
  readonly seenUid: number | undefined;
  readonly environment: readonly string[];
  readonly tempBytes: number;
  readonly openFiles: number;
  /** Of this process. */
  readonly namespaces: Readonly<Record<string, string>>;
}

/** What bubblewrap and shells set themselves; it says nothing of the host. */
const harmless = new Set(['PWD', 'OLDPWD', 'SHLVL', '_']);
const deniedBySeccomp = 'EPERM';
const deniedByNode = 'ERR_ACCESS_DENIED';

/** Says what does not hold of one layer. Undefined: it holds. */
export function faultOf(layer: LayerName, facts: InsideFacts, expected: ProbeExpectation): string | undefined {
  switch (layer) {
    case 'user':
      return expected.uid === expected.seenUid
        ? undefined
        : `it runs as uid ${String(expected.seenUid)}, not ${String(expected.uid)}`;
    case 'environment':
      return environmentFault(facts, expected);
    case 'temp-folder':
      if (facts.tempBytes === undefined) return 'its temp folder cannot be written';
      return facts.tempBytes > expected.tempBytes ? `its temp folder holds ${facts.tempBytes} bytes` : undefined;
    case 'rlimits':
      return rlimitFault(facts.limits, expected);
    case 'namespaces':
      return namespaceFault(facts, expected);
    case 'seccomp':
      if (facts.seccomp !== '2') return `the kernel reports mode ${String(facts.seccomp)} in place of a filter`;
      return facts.forbiddenCall === deniedBySeccomp
        ? undefined
        : `starting a process was answered with ${String(facts.forbiddenCall)}`;
    case 'permission-model':
      return facts.forbiddenRead === deniedByNode
        ? undefined
        : `reading a file that was not granted was answered with ${String(facts.forbiddenRead)}`;
    case 'guard':
      return facts.closedPart === deniedByNode
        ? undefined
        : `asking for the inspector was answered with ${String(facts.closedPart)}`;
    case 'cgroup':
      // Whoever finds the way of making groups has tried them already.
      return undefined;
  }
}

function environmentFault(facts: InsideFacts, expected: ProbeExpectation): string | undefined {
  const foreign = facts.environment.filter((name) => !expected.environment.includes(name) && !harmless.has(name));
  return foreign.length === 0 ? undefined : `it inherited ${foreign.join(', ')}`;
}

function rlimitFault(limits: string | undefined, { openFiles }: ProbeExpectation): string | undefined {
  if (limits === undefined) return 'its limits cannot be read';
  const holds =
    new RegExp(`^Max open files\\s+${openFiles}\\s+${openFiles}\\s`, 'm').test(limits) &&
    /^Max core file size\s+0\s+0\s/m.test(limits);
  return holds ? undefined : 'the limits of the kernel are not those that were set';
}

function namespaceFault({ namespaces }: InsideFacts, expected: ProbeExpectation): string | undefined {
  const shared = ownNamespaces.filter(
    (name) => namespaces[name] === undefined || namespaces[name] === expected.namespaces[name],
  );
  return shared.length === 0 ? undefined : `it shares these namespaces with its host: ${shared.join(', ')}`;
}
