import { expect, it } from 'vitest';
import { judgeFindings } from './judge-findings.ts';
import type { Findings } from './probe-script.ts';

const uid = 61_234;
/** As a container is found that is held to everything, on a host with cgroup v1. */
const sound: Findings = {
  memory: '100663296',
  swap: '100663296',
  swapCountsMemory: true,
  cpuPercent: '70',
  processes: '37',
  openFiles: '123',
  uid: ['61234', '61234', '61234', '61234'],
  groups: '61234',
  capabilities: ['0000000000000000', '0000000000000000', '0000000000000000', '0000000000000000', '0000000000000000'],
  noNewPrivileges: '1',
  seccomp: '2',
  networks: ['lo'],
  writable: [],
  tempBytes: 7 * 1_048_576,
  hasHostSwap: true,
  processCount: 1,
};

function missing(found: Partial<Findings>, complaint = ''): readonly string[] {
  return judgeFindings({ ...sound, ...found }, { uid, how: 'cgroup v1', complaint })
    .filter(({ status }) => status === 'missing')
    .map(({ layer, error }) => `${layer}: ${error}`);
}

it('finds nothing missing where everything holds', () => {
  expect(missing({})).toEqual([]);
  expect(missing({ swap: '0', swapCountsMemory: false })).toEqual([]);
});

it.each<[string, Partial<Findings>]>([
  ['cgroup: memory', { memory: 'max' }],
  ['cgroup: memory', { memory: '9223372036854771712' }],
  ['cgroup: swap', { swap: 'max', swapCountsMemory: false }],
  ['cgroup: cpus', { cpuPercent: 'max' }],
  ['cgroup: pids', { processes: 'max' }],
  ['user: another uid', { uid: ['0', '0', '0', '0'] }],
  ['user: another uid', { groups: '61234 0' }],
  ['user: capabilities', { capabilities: ['00000000a80425fb'] }],
  ['user: new privileges', { noNewPrivileges: '0' }],
  ['temp-folder: its size', { tempBytes: 1e12 }],
  ['rlimits: open files', { openFiles: '1048576' }],
  ['namespaces: a network', { networks: ['eth0', 'lo'] }],
  ['namespaces: processes of others', { processCount: 80 }],
  ['namespaces: /run for writing', { writable: ['/run'] }],
  ['seccomp: every system call', { seccomp: '0' }],
])('tells %s', (layer, found) => {
  expect(missing(found)).toEqual([layer]);
});

it('says what the engine complained about', () => {
  expect(missing({ memory: undefined }, 'resource limits are not supported')).toEqual([
    'cgroup: memory: resource limits are not supported',
  ]);
});

it('does not miss a limit of swap where there is none', () => {
  expect(missing({ swap: undefined, hasHostSwap: false })).toEqual([]);
});
