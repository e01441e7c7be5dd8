import { allowedSyscalls, errno, notThere } from './allowed-syscalls.ts';

/** A profile as Docker and Podman read it from a file: the JSON form of the Open Container Initiative. */
export interface SeccompProfile {
  readonly defaultAction: 'SCMP_ACT_ERRNO';
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompProfileRule[];
}

interface SeccompProfileRule {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO';
  readonly errnoRet?: number;
  readonly args?: readonly {
    readonly index: number;
    /** The mask. */
    readonly value: number;
    /** What is left of the argument under the mask. */
    readonly valueTwo: number;
    readonly op: 'SCMP_CMP_MASKED_EQ';
  }[];
}

/**
 * The filter for whole images, for `--security-opt seccomp=FILE`: the same table as `seccompFilter` for `executable`, and
 * IPv4 and IPv6 sockets, for a container has a network namespace of its own.
 *
 * Two things differ, for the library behind it has no words for them: a socket or a terminal call that is refused is
 * answered with EPERM throughout, and what an architecture that is not listed does ends only its thread.
 */
export function seccompProfile(): SeccompProfile {
  const allowed = allowedSyscalls('executable', true).flatMap(({ names, when }): SeccompProfileRule[] => {
    const rule = { names, action: 'SCMP_ACT_ALLOW' } as const;
    if (when === undefined) return [rule];
    // One rule for each alternative: within a rule all tests must hold.
    return when.map((tests) => ({
      ...rule,
      args: tests.map(({ index, mask, equals }) => ({
        index,
        value: mask,
        valueTwo: equals,
        op: 'SCMP_CMP_MASKED_EQ',
      })),
    }));
  });
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: errno.EPERM,
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'],
    syscalls: [...allowed, { names: notThere, action: 'SCMP_ACT_ERRNO', errnoRet: errno.ENOSYS }],
  };
}
