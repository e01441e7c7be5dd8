import {
  allowedSyscalls,
  type ArgumentTest,
  errno,
  notThere,
  type SeccompProgram,
  type SyscallRule,
} from './allowed-syscalls.ts';
import { and, answer, type BpfProgram, branch, encode, load, skipUnless } from './bpf.ts';
import { type SyscallName, syscallNumbers } from './syscall-numbers.ts';

/** Architectures whose system calls are known here, in the words of `process.arch`. */
export type SeccompArch = 'x64' | 'arm64';

/** Which filter to make. */
export interface SeccompOptions {
  /** Default: that of this process. */
  readonly arch?: SeccompArch;
  /** `node` cannot start processes; default `executable`. */
  readonly program?: SeccompProgram;
  /** Whether IPv4 and IPv6 sockets may be made; default true, which needs a network namespace of its own. */
  readonly inet?: boolean;
}

/** What the kernel does with a call, as `SECCOMP_RET_*`. */
export const seccompAction = {
  allow: 0x7f_ff_00_00,
  killProcess: 0x80_00_00_00,
  errno: (code: number): number => 0x00_05_00_00 | code,
} as const;

const architectures = {
  x64: { audit: 0xc0_00_00_3e, column: 0 },
  arm64: { audit: 0xc0_00_00_b7, column: 1 },
} as const;

/** Calls through the x32 table of an x86-64 kernel carry this bit. */
const x32Bit = 0x40_00_00_00;

// Offsets in `struct seccomp_data`; on these little endian machines the low half of an argument comes first.
const offsetOf = { number: 0, arch: 4, argument: (index: number): number => 16 + index * 8 };

/** Whether this package has a table of system calls for an architecture. */
export function isSeccompArch(arch: string): arch is SeccompArch {
  return Object.hasOwn(architectures, arch);
}

/**
 * A filter of system calls for `bwrap --seccomp`: what is on the list is allowed, everything else answered with EPERM.
 *
 * Calls of another architecture or of x32 end the process. Calls newer than the list are answered with ENOSYS, so that a
 * library that tries them falls back to those it used before.
 *
 * What remains allowed, and what stands behind it:
 * - `execve`, because bubblewrap itself starts the program after the filter is installed, and a filter can neither read a
 *   path nor count. It leads to nothing but the files of the sandbox, and filter, namespaces, limits and user stay. Node's
 *   permission model refuses it to a script; native code that calls it could make every other allowed call as well, and gains
 *   nothing but to be rid of Node. Node cannot fork, so whoever calls it gives up the process that held the channel.
 * - Executable memory, because V8 compiles.
 * - Signals, which end at the process namespace.
 * - Opening of files, which is up to the file tree.
 * - Sockets of IPv4 and IPv6, which lead nowhere in an empty network namespace: without one, pass `inet: false`.
 * @returns For a file descriptor, as a whole; a few kilobytes.
 */
export function seccompFilter(options: SeccompOptions & { readonly arch: SeccompArch }): Buffer {
  const { arch, program = 'executable', inet = true } = options;
  const { audit, column } = architectures[arch];
  const verdicts = verdictsByNumber(allowedSyscalls(program, inet), column);
  const kill = answer(seccompAction.killProcess);
  const byNumber = choose(rangesOf(verdicts));
  return encode([
    ...load(offsetOf.arch),
    ...branch(
      'ifEqual',
      audit,
      [...load(offsetOf.number), ...(arch === 'x64' ? branch('ifAtLeast', x32Bit, kill, byNumber) : byNumber)],
      kill,
    ),
  ]);
}

/** From this number on, up to the next range, calls go this way. */
interface Range {
  readonly from: number;
  readonly verdict: BpfProgram;
}

function verdictsByNumber(rules: readonly SyscallRule[], column: 0 | 1): Map<number, BpfProgram> {
  const verdicts = new Map<number, BpfProgram>();
  const add = (names: readonly SyscallName[], verdict: BpfProgram): void => {
    for (const name of names) {
      const number = syscallNumbers[name][column];
      if (number !== undefined) verdicts.set(number, verdict);
    }
  };
  for (const rule of rules) add(rule.names, verdictOf(rule));
  add(notThere, refused(errno.ENOSYS));
  return verdicts;
}

const allowed = answer(seccompAction.allow);
const denied = answer(seccompAction.errno(errno.EPERM));
const refused = (code: number): BpfProgram => answer(seccompAction.errno(code));

function verdictOf({ when, otherwise = errno.EPERM }: SyscallRule): BpfProgram {
  if (when === undefined) return allowed;
  return when.reduceRight<BpfProgram>((next, tests) => ifAll(tests, next), refused(otherwise));
}

/** Allows when all tests hold, else goes on with `next`, which stands once behind them all. */
function ifAll(tests: readonly ArgumentTest[], next: BpfProgram): BpfProgram {
  const chain = tests.reduceRight<BpfProgram>(
    (rest, { index, mask, equals }) => [
      ...load(offsetOf.argument(index)),
      ...(mask >>> 0 === 0xff_ff_ff_ff ? [] : and(mask)),
      ...skipUnless(equals, rest),
    ],
    allowed,
  );
  return [...chain, ...next];
}

/** Neighbours with one verdict become one range; between the known ones lies EPERM, after the last ENOSYS. */
function rangesOf(verdicts: ReadonlyMap<number, BpfProgram>): Range[] {
  const newest = Math.max(...verdicts.keys());
  const ranges: Range[] = [];
  for (let number = 0; number <= newest + 1; number += 1) {
    const verdict = number > newest ? refused(errno.ENOSYS) : (verdicts.get(number) ?? denied);
    if (ranges.at(-1)?.verdict !== verdict) ranges.push({ from: number, verdict });
  }
  return ranges;
}

/** A binary search, so that no call passes more than nine tests. */
function choose(ranges: readonly Range[]): BpfProgram {
  const [only] = ranges;
  if (only === undefined) return denied;
  if (ranges.length === 1) return only.verdict;
  const middle = Math.ceil(ranges.length / 2);
  const upper = ranges.slice(middle);
  return branch('ifAtLeast', upper[0]?.from ?? 0, choose(upper), choose(ranges.slice(0, middle)));
}
