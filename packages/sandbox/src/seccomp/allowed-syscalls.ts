import type { SyscallName } from './syscall-numbers.ts';

/** `node`: threads but no processes of its own. `executable`: any language; also the images of containers. */
export type SeccompProgram = 'node' | 'executable';

/** Holds when the low half of an argument, masked, equals a number. The kernel takes these arguments as 32 bits too. */
export interface ArgumentTest {
  readonly index: number;
  readonly mask: number;
  readonly equals: number;
}

/** Calls that are let through: always, or when all tests of one of the alternatives hold. */
export interface SyscallRule {
  readonly names: readonly SyscallName[];
  readonly when?: readonly (readonly ArgumentTest[])[];
  /** Errno where no alternative holds; default EPERM. */
  readonly otherwise?: number;
}

export const errno = { EPERM: 1, ENOTTY: 25, ENOSYS: 38, EAFNOSUPPORT: 97 } as const;

/** Answered with ENOSYS, so that a C library takes the older call, whose arguments a filter can read. */
export const notThere: readonly SyscallName[] = ['clone3', 'openat2'];

/**
 * The allow-list. It is what `strace -f -c` showed of Node 26 (start, timers, files, watching, crypto, zlib, sockets,
 * DNS, workers, WebAssembly, SQLite, the inspector), of CPython with gRPC, of Go and of a shell, together with the calls
 * that another C library or arm64 uses for the same purpose.
 * @param inet Whether sockets of IPv4 and IPv6 may be made. In an empty network namespace they reach nothing but its own
 * loopback, which is where a proxy listens, and a library is told ENETUNREACH as on any machine without a network.
 */
export function allowedSyscalls(program: SeccompProgram, inet: boolean): readonly SyscallRule[] {
  return [...common, { names: ['socket'], when: sockets(inet), otherwise: errno.EAFNOSUPPORT }, ...own[program]];
}

/** Compares all 32 bits. */
const is =
  (index: number) =>
  (equals: number): ArgumentTest[] => [{ index, mask: 0xff_ff_ff_ff, equals }];

/** AF_UNIX; streams and datagrams of AF_INET and AF_INET6 with the protocols 0, TCP and UDP. No netlink, raw or packet. */
function sockets(inet: boolean): readonly (readonly ArgumentTest[])[] {
  const families = inet ? [2, 10] : [];
  const kinds = [1, 2].flatMap((kind) => [0, 6, 17].map((protocol) => ({ kind, protocol })));
  return [
    is(0)(1),
    ...families.flatMap((family) =>
      kinds.map(({ kind, protocol }) => [
        ...is(0)(family),
        { index: 1, mask: 0xf, equals: kind },
        { index: 2, mask: 0xff_ff_ff_ff, equals: protocol },
      ]),
    ),
  ];
}

// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET; CLONE_NEWTIME is known to clone3 and unshare alone.
const namespaceFlags = 0x7e_02_00_00;
// CLONE_VM, CLONE_SIGHAND and CLONE_THREAD: one more thread of this process.
const threadFlags = 0x00_01_09_00;

// FIONREAD, FIONBIO, FIONCLEX, FIOCLEX, TCGETS, TIOCGWINSZ, FICLONE. Without TIOCSTI and TIOCLINUX, which type for others.
const ioctls = [0x54_1b, 0x54_21, 0x54_50, 0x54_51, 0x54_01, 0x54_13, 0x40_04_94_09];
// TIOCGPGRP and TIOCSPGRP: the job control of shells.
const shellIoctls = [0x54_0f, 0x54_10];

// PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_READ, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_SET_VMA. Without
// PR_SET_DUMPABLE, PR_SET_MM, PR_SET_PTRACER and PR_SET_SECCOMP.
const prctls = [15, 16, 23, 38, 39, 0x53_56_4d_41];
// PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER: what the first process of a container does.
const parentPrctls = [1, 36];

const common: readonly SyscallRule[] = [
  // Files. What they reach is up to the file tree and its owner.
  {
    names: [
      'read',
      'write',
      'readv',
      'writev',
      'pread64',
      'pwrite64',
      'preadv',
      'pwritev',
      'preadv2',
      'pwritev2',
      'open',
      'openat',
      'creat',
      'close',
      'close_range',
      'lseek',
      'fcntl',
      'dup',
      'dup2',
      'dup3',
      'flock',
      'stat',
      'lstat',
      'fstat',
      'newfstatat',
      'statx',
      'access',
      'faccessat',
      'faccessat2',
      'statfs',
      'fstatfs',
      'getcwd',
      'chdir',
      'fchdir',
      'getdents64',
      'mkdir',
      'mkdirat',
      'rmdir',
      'unlink',
      'unlinkat',
      'umask',
      'rename',
      'renameat',
      'renameat2',
      'link',
      'linkat',
      'symlink',
      'symlinkat',
      'readlink',
      'readlinkat',
      'chmod',
      'fchmod',
      'fchmodat',
      'fchmodat2',
      'chown',
      'fchown',
      'lchown',
      'fchownat',
      'utime',
      'utimes',
      'utimensat',
      'futimesat',
      'truncate',
      'ftruncate',
      'fallocate',
      'fadvise64',
      'fsync',
      'fdatasync',
      'copy_file_range',
      'sendfile',
      'pipe',
      'pipe2',
      'inotify_init',
      'inotify_init1',
      'inotify_add_watch',
      'inotify_rm_watch',
    ],
  },
  // Memory. V8 compiles, so executable pages cannot be refused.
  {
    names: [
      'mmap',
      'munmap',
      'mprotect',
      'mremap',
      'madvise',
      'brk',
      'msync',
      'mincore',
      'membarrier',
      'mlock',
      'munlock',
      'pkey_alloc',
      'pkey_free',
      'pkey_mprotect',
    ],
  },
  // Threads, signals, time.
  {
    names: [
      'futex',
      'set_robust_list',
      'set_tid_address',
      'rseq',
      'gettid',
      'sched_yield',
      'sched_getaffinity',
      'sched_getparam',
      'sched_getscheduler',
      'sched_get_priority_max',
      'sched_get_priority_min',
      'getpriority',
      'exit',
      'exit_group',
      'restart_syscall',
      'rt_sigaction',
      'rt_sigprocmask',
      'rt_sigreturn',
      'rt_sigsuspend',
      'rt_sigtimedwait',
      'rt_sigpending',
      'sigaltstack',
      'kill',
      'tgkill',
      'tkill',
      'pause',
      'clock_gettime',
      'clock_getres',
      'clock_nanosleep',
      'nanosleep',
      'gettimeofday',
      'time',
      'times',
      'getitimer',
      'setitimer',
      'alarm',
    ],
  },
  // Waiting for events, and sockets that exist.
  {
    names: [
      'poll',
      'ppoll',
      'select',
      'pselect6',
      'epoll_create',
      'epoll_create1',
      'epoll_ctl',
      'epoll_wait',
      'epoll_pwait',
      'epoll_pwait2',
      'eventfd',
      'eventfd2',
      'bind',
      'connect',
      'listen',
      'accept',
      'accept4',
      'getsockname',
      'getpeername',
      'getsockopt',
      'sendto',
      'sendmsg',
      'sendmmsg',
      'recvfrom',
      'recvmsg',
      'recvmmsg',
      'shutdown',
    ],
  },
  // What a process may know about itself and the machine.
  {
    names: [
      'getpid',
      'getppid',
      'getuid',
      'geteuid',
      'getgid',
      'getegid',
      'getgroups',
      'getresuid',
      'getresgid',
      'getpgrp',
      'getpgid',
      'getsid',
      'capget',
      'uname',
      'sysinfo',
      'getrusage',
      'getcpu',
      'getrandom',
      'getrlimit',
      'setrlimit',
    ],
  },
  // Running a program and reaping one: see `seccompFilter` for why neither can be refused.
  { names: ['execve', 'wait4', 'waitid'] },
  { names: ['socketpair'], when: [is(0)(1)], otherwise: errno.EAFNOSUPPORT },
  // SOL_SOCKET, IPPROTO_IP, TCP, UDP and IPV6: no other protocol is worth its code in the kernel.
  { names: ['setsockopt'], when: [1, 0, 6, 17, 41].map(is(1)) },
  // Of the process itself alone; a limit can only be lowered.
  { names: ['prlimit64'], when: [is(0)(0)] },
  // ARCH_SET_GS, SET_FS, GET_FS, GET_GS, and the question for a shadow stack.
  { names: ['arch_prctl'], when: [0x10_01, 0x10_02, 0x10_03, 0x10_04, 0x30_01].map(is(0)) },
];

const own: Readonly<Record<SeccompProgram, readonly SyscallRule[]>> = {
  node: [
    { names: ['clone'], when: [[{ index: 0, mask: namespaceFlags | threadFlags, equals: threadFlags }]] },
    { names: ['ioctl'], when: ioctls.map(is(1)), otherwise: errno.ENOTTY },
    { names: ['prctl'], when: prctls.map(is(0)) },
  ],
  executable: [
    {
      names: [
        'fork',
        'vfork',
        'setsid',
        'setpgid',
        'setpriority',
        'pidfd_open',
        'pidfd_send_signal',
        'splice',
        'tee',
        'signalfd',
        'signalfd4',
        'timer_create',
        'timer_settime',
        'timer_gettime',
        'timer_getoverrun',
        'timer_delete',
        'timerfd_create',
        'timerfd_settime',
        'timerfd_gettime',
        'sched_setaffinity',
        'getxattr',
        'lgetxattr',
        'fgetxattr',
        'listxattr',
        'llistxattr',
        'flistxattr',
        'sync_file_range',
        'readahead',
        'get_robust_list',
        'getdents',
        'mlock2',
      ],
    },
    { names: ['clone'], when: [[{ index: 0, mask: namespaceFlags, equals: 0 }]] },
    { names: ['ioctl'], when: [...ioctls, ...shellIoctls].map(is(1)), otherwise: errno.ENOTTY },
    { names: ['prctl'], when: [...prctls, ...parentPrctls].map(is(0)) },
  ],
};
