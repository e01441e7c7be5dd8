import fc from 'fast-check';
import { expect, it } from 'vitest';

import { allowedSyscalls, notThere, type SeccompProgram, type SyscallRule } from './allowed-syscalls.ts';
import { bpfCode, encode, type BpfProgram } from './bpf.ts';
import { type SeccompArch, seccompAction, seccompFilter } from './seccomp-filter.ts';
import { seccompProfile } from './seccomp-profile.ts';
import { type SyscallName, syscallNumbers } from './syscall-numbers.ts';

/** What the kernel shows a filter of one call. */
interface Call {
  readonly arch: number;
  readonly number: number;
  readonly args: readonly bigint[];
}

const { allow, killProcess, errno } = seccompAction;
const audit = { x64: 0xc0_00_00_3e, arm64: 0xc0_00_00_b7 } as const;
const column = { x64: 0, arm64: 1 } as const;
const programs: readonly SeccompProgram[] = ['node', 'executable'];
const arches: readonly SeccompArch[] = ['x64', 'arm64'];
const kinds = arches.flatMap((arch) => programs.map((program) => ({ arch, program })));

/** Numbers of calls that must never pass, from the tables of the kernel and not from ours: x86-64, arm64. */
const forbidden = {
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  move_mount: [429, 429],
  open_tree: [428, 428],
  fsopen: [430, 430],
  mount_setattr: [442, 442],
  chroot: [161, 51],
  setns: [308, 268],
  unshare: [272, 97],
  keyctl: [250, 219],
  add_key: [248, 217],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  open_by_handle_at: [304, 265],
  execveat: [322, 281],
  memfd_create: [319, 279],
  memfd_secret: [447, 447],
  seccomp: [317, 277],
  kexec_load: [246, 104],
  init_module: [175, 105],
  finit_module: [313, 273],
  reboot: [169, 142],
  swapon: [167, 224],
  acct: [163, 89],
  personality: [135, 92],
  mknodat: [259, 33],
  setuid: [105, 146],
  setgroups: [116, 159],
  capset: [126, 91],
  sethostname: [170, 161],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  quotactl: [179, 60],
  syslog: [103, 116],
  vmsplice: [278, 75],
  pidfd_getfd: [438, 438],
  process_madvise: [440, 440],
  shmget: [29, 194],
  msgget: [68, 186],
  semget: [64, 190],
  name_to_handle_at: [303, 264],
  fanotify_init: [300, 262],
  move_pages: [279, 239],
  kcmp: [312, 272],
} as const;

it.each(kinds)('lets exactly what is on the list of $program pass on $arch, whatever the arguments', (options) => {
  const run = interpreter(seccompFilter(options));
  const expected = verdicts(allowedSyscalls(options.program, true), options.arch);
  const newest = Math.max(...expected.keys());
  fc.assert(
    fc.property(
      fc.oneof(fc.nat(600), fc.constantFrom(...expected.keys()), fc.nat(0x3f_ff_ff_ff)),
      fc.array(argument, { minLength: 6, maxLength: 6 }),
      (number, args) => {
        const wanted = number > newest ? errno(38) : (expected.get(number)?.(args) ?? errno(1));
        expect(run({ arch: audit[options.arch], number, args })).toBe(wanted);
      },
    ),
    { numRuns: 5_000 },
  );
});

it.each(kinds)('refuses $program on $arch each of the calls that lead out of a sandbox', (options) => {
  const run = interpreter(seccompFilter(options));
  for (const numbers of Object.values(forbidden)) {
    const call = { arch: audit[options.arch], number: numbers[column[options.arch]], args: noArguments };
    expect(run(call)).toBe(errno(1));
  }
});

it.each(kinds)('ends $program on $arch at a call of another architecture', (options) => {
  const run = interpreter(seccompFilter(options));
  fc.assert(
    fc.property(fc.nat(0xff_ff_ff_ff), fc.nat(600), (arch, number) => {
      fc.pre(arch !== audit[options.arch]);
      expect(run({ arch, number, args: noArguments })).toBe(killProcess);
    }),
  );
});

it.each(programs)('ends %s at a call of x32, which has the architecture of x86-64', (program) => {
  const run = interpreter(seccompFilter({ arch: 'x64', program }));
  for (const number of [0x40_00_00_00, 0x40_00_00_3b, 0x7f_ff_ff_ff, 0xff_ff_ff_ff]) {
    expect(run({ arch: audit.x64, number, args: noArguments })).toBe(killProcess);
  }
});

it('lets Node start threads, but neither processes nor namespaces', () => {
  const thread = 0x3d_0f_00n;
  expect(answerTo('node', 'clone', thread)).toBe(allow);
  expect(answerTo('node', 'clone', 17n)).toBe(errno(1));
  expect(answerTo('node', 'clone', thread | 0x10_00_00_00n)).toBe(errno(1));
  expect(answerTo('node', 'fork')).toBe(errno(1));
  expect(answerTo('node', 'vfork')).toBe(errno(1));
  expect(answerTo('node', 'clone3')).toBe(errno(38));
});

it('lets other programs start processes, but in no namespace of their own', () => {
  expect(answerTo('executable', 'clone', 17n)).toBe(allow);
  expect(answerTo('executable', 'clone', 0x01_20_00_11n)).toBe(allow);
  for (const bit of [17n, 25n, 26n, 27n, 28n, 29n, 30n]) {
    expect(answerTo('executable', 'clone', 17n | (1n << bit))).toBe(errno(1));
  }
});

it('allows unix sockets, and those of IPv4 and IPv6 where they lead nowhere', () => {
  const tcp = [2n, 0x8_08_01n, 0n] as const;
  expect(answerTo('node', 'socket', 1n, 0x8_08_01n)).toBe(allow);
  expect(answerTo('node', 'socket', ...tcp)).toBe(allow);
  expect(answerTo('node', 'socket', 10n, 2n, 17n)).toBe(allow);
  expect(answerTo('node', 'socket', 2n, 3n, 1n)).toBe(errno(97));
  expect(answerTo('node', 'socket', 2n, 1n, 262n)).toBe(errno(97));
  for (const family of [16n, 17n, 38n, 40n, 44n]) expect(answerTo('node', 'socket', family, 2n)).toBe(errno(97));
  const unixAlone = interpreter(seccompFilter({ arch: 'x64', program: 'node', inet: false }));
  expect(unixAlone({ arch: audit.x64, number: 41, args: [...tcp, 0n, 0n, 0n] })).toBe(errno(97));
});

it('refuses to type into a terminal, to be debugged, and to set limits of others', () => {
  expect(answerTo('executable', 'ioctl', 0n, 0x54_12n)).toBe(errno(25));
  expect(answerTo('executable', 'ioctl', 0n, 0x54_1cn)).toBe(errno(25));
  expect(answerTo('executable', 'ioctl', 0n, 0x1_00_00_54_12n)).toBe(errno(25));
  expect(answerTo('executable', 'prctl', 4n, 1n)).toBe(errno(1));
  expect(answerTo('executable', 'prctl', 0x59_61_6d_61n)).toBe(errno(1));
  expect(answerTo('executable', 'prlimit64', 0n)).toBe(allow);
  expect(answerTo('executable', 'prlimit64', 1n)).toBe(errno(1));
});

it.each(kinds)('is short for $program on $arch, and a call passes few tests', (options) => {
  const filter = seccompFilter(options);
  expect(filter.length / 8).toBeLessThan(1_000);
  const run = interpreter(filter);
  const steps = Array.from({ length: 500 }, (_, number) =>
    run.steps({ arch: audit[options.arch], number, args: noArguments }),
  );
  expect(Math.max(...steps)).toBeLessThan(90);
});

it('says the same as the profile that the engines of containers read', () => {
  const run = interpreter(seccompFilter({ arch: 'x64', program: 'executable' }));
  const { syscalls, defaultErrnoRet } = seccompProfile();
  const inProfile = (name: SyscallName, args: readonly bigint[]): number => {
    const rule = syscalls.find(
      ({ names, args: tests = [] }) =>
        names.includes(name) &&
        tests.every(({ index, value, valueTwo }) => (Number(args[index]! & 0xff_ff_ff_ffn) & value) >>> 0 === valueTwo),
    );
    return rule?.action === 'SCMP_ACT_ALLOW' ? allow : errno(rule?.errnoRet ?? defaultErrnoRet);
  };
  const names = Object.keys(syscallNumbers) as SyscallName[];
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.array(argument, { minLength: 6, maxLength: 6 }), (name, args) => {
      const answer = run({ arch: audit.x64, number: syscallNumbers[name][0], args });
      // The profile has no words for another errno on calls that are refused for their arguments alone.
      const isConditional = answer === errno(25) || answer === errno(97);
      expect(inProfile(name, args)).toBe(isConditional ? errno(1) : answer);
    }),
    { numRuns: 3_000 },
  );
});

it('knows the numbers of the kernel', () => {
  expect(syscallNumbers.read).toEqual([0, 63]);
  expect(syscallNumbers.execve).toEqual([59, 221]);
  expect(syscallNumbers.openat).toEqual([257, 56]);
  expect(syscallNumbers.clone3).toEqual([435, 435]);
  expect(syscallNumbers.open).toEqual([2, undefined]);
  for (const index of [0, 1] as const) {
    const numbers = Object.values(syscallNumbers).flatMap((pair) => pair[index] ?? []);
    expect(new Set(numbers).size).toBe(numbers.length);
  }
});

it('writes instructions as the kernel reads them', () => {
  const program: BpfProgram = [{ code: bpfCode.ifEqual, jt: 1, jf: 2, k: 0xc0_00_00_3e }];
  expect(encode(program)).toEqual(Buffer.from([0x15, 0, 1, 2, 0x3e, 0, 0, 0xc0]));
});

const noArguments: readonly bigint[] = [0n, 0n, 0n, 0n, 0n, 0n];

/** Likely values of arguments that the filter looks at, with and without something in the upper half, and any other. */
const argument = fc.oneof(
  fc.nat(50).map(BigInt),
  fc.constantFrom(0x3d_0f_00n, 0x54_12n, 0x54_21n, 0x10_02n, 0x53_56_4d_41n, 0x8_08_01n, 0x1_00_00_00_02n),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
);

function answerTo(program: SeccompProgram, name: SyscallName, ...args: readonly bigint[]): number {
  const run = interpreter(seccompFilter({ arch: 'x64', program }));
  return run({ arch: audit.x64, number: syscallNumbers[name][0], args: [...args, ...noArguments].slice(0, 6) });
}

/** What the rules say of each number, read from the table directly. */
function verdicts(
  rules: readonly SyscallRule[],
  arch: SeccompArch,
): ReadonlyMap<number, (args: readonly bigint[]) => number> {
  const found = new Map<number, (args: readonly bigint[]) => number>();
  for (const { names, when, otherwise = 1 } of rules) {
    const isAllowed = (args: readonly bigint[]): boolean =>
      when === undefined ||
      when.some((tests) =>
        tests.every(({ index, mask, equals }) => (Number(args[index]! & 0xff_ff_ff_ffn) & mask) >>> 0 === equals),
      );
    for (const name of names) {
      const number = syscallNumbers[name][column[arch]];
      if (number !== undefined) found.set(number, (args) => (isAllowed(args) ? allow : errno(otherwise)));
    }
  }
  for (const name of notThere) found.set(syscallNumbers[name][column[arch]]!, () => errno(38));
  return found;
}

/** Runs a program as the kernel would, which means that it also refuses what the kernel would not load. */
function interpreter(program: Buffer): ((call: Call) => number) & { steps: (call: Call) => number } {
  const run = (call: Call): { answer: number; steps: number } => {
    const data = Buffer.alloc(64);
    data.writeUInt32LE(call.number, 0);
    data.writeUInt32LE(call.arch, 4);
    for (const [index, value] of call.args.entries()) data.writeBigUInt64LE(value, 16 + index * 8);
    let accumulator = 0;
    let steps = 0;
    for (let at = 0; at < program.length; at += 8) {
      steps += 1;
      const [code, jt, jf, k] = [
        program.readUInt16LE(at),
        program.readUInt8(at + 2),
        program.readUInt8(at + 3),
        program.readUInt32LE(at + 4),
      ];
      if (code === bpfCode.return) return { answer: k, steps };
      else if (code === bpfCode.load) accumulator = data.readUInt32LE(k);
      else if (code === bpfCode.and) accumulator = (accumulator & k) >>> 0;
      else if (code === bpfCode.jump) at += k * 8;
      else if (code === bpfCode.ifEqual) at += (accumulator === k ? jt : jf) * 8;
      else if (code === bpfCode.ifAtLeast) at += (accumulator >= k ? jt : jf) * 8;
      else throw new Error(`no such instruction: ${code}`);
    }
    throw new Error('the program ran past its end');
  };
  return Object.assign((call: Call) => run(call).answer, { steps: (call: Call) => run(call).steps });
}
