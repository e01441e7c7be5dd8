/** One attack of `scripts/`, by its name. */
export interface Attack {
  readonly name: string;
  /** Held also when Node's own layers are off; the others live in Node alone. */
  readonly isHeldByKernel: boolean;
}

const attack = (name: string, isHeldByKernel = true): Attack => ({ name, isHeldByKernel });

/** Attacks that leave their process alive: they are run one after the other in one sandbox. */
export const quickAttacks: readonly Attack[] = [
  attack('files/read'),
  attack('files/write'),
  attack('files/remove'),
  attack('files/create'),
  attack('files/planted-link'),
  attack('files/own-link'),
  attack('files/hard-link'),
  attack('files/write-link'),
  attack('files/proc-root'),
  attack('files/other-environment'),
  attack('files/sqlite'),
  attack('files/sqlite-write'),
  attack('files/heap-snapshot'),
  attack('files/report'),
  attack('files/launcher-environment'),
  attack('files/environment'),
  attack('files/device'),
  attack('processes/signal'),
  attack('processes/signal-all'),
  attack('processes/raw-kill'),
  attack('processes/signal-group'),
  attack('processes/spawn'),
  // A process like itself may be started where Node's own layers are off: it is as confined as the first one.
  attack('processes/spawn-self', false),
  attack('processes/raw-spawn'),
  attack('processes/addon', false),
  attack('processes/inspector', false),
  attack('processes/inspect-other'),
  attack('processes/own-memory', false),
  attack('processes/worker-permissions'),
  attack('network/tcp'),
  attack('network/tcp6'),
  attack('network/metadata'),
  attack('network/fetch'),
  attack('network/unix-socket'),
  attack('network/abstract-socket'),
  attack('network/udp'),
  attack('network/dns'),
  attack('network/dns-tcp'),
  attack('network/listen'),
  attack('resources/descriptors'),
  attack('resources/disk'),
  attack('resources/shared-memory'),
  attack('resources/fork-bomb'),
  attack('resources/threads'),
];

/** Calls into the kernel, by numbers of x86-64. Without the guard a plugin can make them through FFI. */
export const kernelAttacks: readonly Attack[] = [
  'unshare',
  'clone-user',
  'clone3-user',
  'mount',
  'chroot',
  'ptrace',
  'read-process',
  'bpf',
  'perf',
  'userfaultfd',
  'io-uring',
  'keyring',
  'join-namespace',
  'file-handle',
  'type-into-terminal',
  'netlink',
  'packet-socket',
  'raw-socket',
  'vsock',
  'alg-socket',
  'abstract-datagram',
  'become-root',
  'host-name',
  'foreign-calls',
].map((name) => attack(`kernel/${name}`));

/** An attack that ends its process, whoever wins: it has a sandbox of its own. */
export interface EndingAttack {
  readonly name: string;
  /** What the command says of the end, where there is one. */
  readonly endsBy?: RegExp;
}

export const endingAttacks: readonly EndingAttack[] = [
  { name: 'resources/heap', endsBy: /memory|heap/i },
  { name: 'resources/buffers', endsBy: /memory/i },
  { name: 'processes/execve' },
  { name: 'processes/execve-environment' },
];
