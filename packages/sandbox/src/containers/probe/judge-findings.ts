import type { Findings } from './probe-script.ts';
import type { LayerName, LayerState } from '../../layers.ts';

/** The limits of the container that the probe runs in: unlike any that an engine would choose itself. */
export const probeLimits = { memoryMB: 96, cpuPercent: 70, processes: 37, openFiles: 123, diskMB: 7 };

const megabyte = 1_048_576;

interface Asked {
  readonly uid: number;
  /** How limits are kept, such as `cgroup v1 by runc`. */
  readonly how: string;
  /** What the engine complained about meanwhile. */
  readonly complaint: string;
}

/** Says layer by layer what holds in a container of this engine. */
export function judgeFindings(found: Findings, asked: Asked): readonly LayerState[] {
  return [
    layer(
      'user',
      wrongs({
        'another uid': !isOwnUser(found, asked.uid),
        capabilities: hasCapabilities(found),
        'new privileges': found.noNewPrivileges !== '1',
      }),
    ),
    layer('temp-folder', wrongs({ 'its size': found.tempBytes > probeLimits.diskMB * megabyte })),
    layer('rlimits', wrongs({ 'open files': found.openFiles !== String(probeLimits.openFiles) })),
    layer('cgroup', ignoredLimits(found), asked.complaint, asked.how),
    layer('namespaces', [
      ...wrongs({
        'a network': found.networks.some((name) => name !== 'lo'),
        'processes of others': found.processCount > 1,
      }),
      ...found.writable.map((folder) => `${folder} for writing`),
    ]),
    layer('seccomp', wrongs({ 'every system call': found.seccomp !== '2' })),
  ];
}

function ignoredLimits(found: Findings): readonly string[] {
  const memory = String(probeLimits.memoryMB * megabyte);
  return wrongs({
    memory: found.memory !== memory,
    // Where there is no swap, nothing can be put there.
    swap: found.hasHostSwap && found.swap !== (found.swapCountsMemory ? memory : '0'),
    cpus: found.cpuPercent !== String(probeLimits.cpuPercent),
    pids: found.processes !== String(probeLimits.processes),
  });
}

function isOwnUser({ uid, groups }: Findings, own: number): boolean {
  return uid?.length === 4 && uid.every((one) => one === String(own)) && (groups === '' || groups === String(own));
}

function hasCapabilities({ capabilities }: Findings): boolean {
  return !capabilities.every((set) => /^0+$/.test(set));
}

function wrongs(checks: Readonly<Record<string, boolean>>): readonly string[] {
  return Object.keys(checks).filter((name) => checks[name]);
}

const consequences: Partial<Record<LayerName, string>> = {
  user: 'what runs in it has rights on this host',
  'temp-folder': 'it can fill the disk of this host',
  rlimits: 'it can open as many files as it likes',
  cgroup: 'it can use all memory, processors and processes of this host',
  namespaces: 'it reaches files, processes or networks of this host',
  seccomp: 'it can use every system call of the kernel',
};

function layer(name: LayerName, wrong: readonly string[], error = '', how?: string): LayerState {
  if (wrong.length === 0) return { layer: name, status: 'used', ...(how !== undefined && { how }) };
  const consequence = consequences[name];
  const said = `${wrong.join(', ')}${error === '' ? '' : `: ${error}`}`;
  return { layer: name, status: 'missing', error: said, ...(consequence !== undefined && { consequence }) };
}
