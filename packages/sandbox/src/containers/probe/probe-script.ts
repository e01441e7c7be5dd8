/** Runs inside a container that is held to `probeLimits`, and prints what it finds around it: see `Findings`. */
export const probeScript = `
const fs = require('node:fs');
const read = (file) => { try { return fs.readFileSync(file, 'utf8').trim(); } catch { return undefined; } };
const first = (...files) => files.map((file) => read('/sys/fs/cgroup/' + file)).find((text) => text !== undefined);
const canWrite = (folder) => { try { fs.writeFileSync(folder + '/.probe', ''); fs.rmSync(folder + '/.probe'); return true; } catch { return false; } };
const status = read('/proc/self/status') ?? '';
const field = (name) => new RegExp('^' + name + ':\\\\s*(.*)$', 'm').exec(status)?.[1];
const temp = fs.statfsSync('/tmp');
const [quota, period] = (first('cpu.max') ?? first('cpu/cpu.cfs_quota_us', 'cpu,cpuacct/cpu.cfs_quota_us') + ' ' + first('cpu/cpu.cfs_period_us', 'cpu,cpuacct/cpu.cfs_period_us')).split(' ');
console.log(JSON.stringify({
  memory: first('memory.max', 'memory/memory.limit_in_bytes'),
  swap: first('memory.swap.max') ?? first('memory/memory.memsw.limit_in_bytes'),
  swapCountsMemory: read('/sys/fs/cgroup/memory.swap.max') === undefined,
  cpuPercent: quota === 'max' ? 'max' : String(Math.round(Number(quota) / Number(period) * 100)),
  processes: first('pids.max', 'pids/pids.max'),
  openFiles: /Max open files\\s+\\S+\\s+(\\S+)/.exec(read('/proc/self/limits') ?? '')?.[1],
  uid: field('Uid')?.split(/\\s+/),
  groups: field('Groups')?.trim(),
  capabilities: ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map(field),
  noNewPrivileges: field('NoNewPrivs'),
  seccomp: field('Seccomp'),
  networks: fs.readdirSync('/sys/class/net'),
  writable: ['/', '/run', '/var/tmp', '/dev', '/dev/shm', '/etc', '/usr'].filter(canWrite),
  tempBytes: temp.bsize * temp.blocks,
  hasHostSwap: !/SwapTotal:\\s+0 kB/.test(read('/proc/meminfo') ?? ''),
  processCount: fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).length,
}));
`;

/** What the script finds; every text as the kernel writes it. */
export interface Findings {
  readonly memory?: string | undefined;
  readonly swap?: string | undefined;
  /** Whether `swap` is memory and swap together, as in cgroup v1. */
  readonly swapCountsMemory: boolean;
  readonly cpuPercent?: string | undefined;
  readonly processes?: string | undefined;
  readonly openFiles?: string | undefined;
  readonly uid?: readonly string[];
  readonly groups?: string | undefined;
  readonly capabilities: readonly string[];
  readonly noNewPrivileges?: string | undefined;
  readonly seccomp?: string | undefined;
  readonly networks: readonly string[];
  /** Folders in which the script could make a file. */
  readonly writable: readonly string[];
  readonly tempBytes: number;
  readonly hasHostSwap: boolean;
  readonly processCount: number;
}
