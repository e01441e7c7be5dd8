import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { SeccompProgram } from './allowed-syscalls.ts';
import { isSeccompArch, seccompFilter } from './seccomp-filter.ts';

const arch = process.arch;
const canRun = isSeccompArch(arch) && works('bwrap', ['--version']);
const canCompile = canRun && works('gcc', ['--version']);
const mustRun = process.env['CI'] === 'true';
const because = canRun ? '' : ' (skipped: bubblewrap is not installed)';
const becauseOfCompiler = canCompile ? '' : ' (skipped: bubblewrap or gcc is not installed)';

const fixtures = join(import.meta.dirname, 'fixtures');
const refusedForGood = { EPERM: 1, ENOTTY: 25, ENOSYS: 38, EAFNOSUPPORT: 97 };
/** What a shell and bubblewrap make of SIGSYS. */
const killedForCall = 128 + 31;

describe(`the filter of system calls in a real sandbox${because}`, { skip: !canRun && !mustRun }, () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'seccomp-'));
    chmodSync(folder, 0o755);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('lets Node do its daily work, but start no process', () => {
    const { stdout, stderr, status } = inSandbox('node', [process.execPath, join(fixtures, 'daily-work.mjs')]);
    expect({ parts: stdout.trim().split('\n'), stderr, status }).toEqual({
      parts: [
        'files',
        'watching',
        'crypto',
        'compression',
        'sockets',
        'http',
        'no network',
        'names',
        'threads',
        'database',
        'memory',
        'system',
        'no processes',
        'end',
      ],
      stderr: '',
      status: 0,
    });
  });

  it('lets a shell start processes and join them', () => {
    const { stdout } = inSandbox('executable', [
      '/bin/sh',
      '-c',
      'echo hello | cat; ls /proc/self >/dev/null && echo $(date +%Y | wc -l)',
    ]);
    expect(stdout).toBe('hello\n1\n');
  });

  describe(`with a program that tries to get out${becauseOfCompiler}`, { skip: !canCompile && !mustRun }, () => {
    beforeAll(() => {
      execFileSync('gcc', ['-o', join(folder, 'forbidden-calls'), join(fixtures, 'forbidden-calls.c')]);
    });

    it('refuses what some kernel lets everyone do', () => {
      const { EPERM, ENOSYS, ENOTTY, EAFNOSUPPORT } = refusedForGood;
      const answers = tryAll('executable');
      expect(answers).toEqual({
        ptrace: EPERM,
        process_vm_readv: EPERM,
        mount: EPERM,
        umount2: EPERM,
        setns: EPERM,
        unshare: EPERM,
        keyctl: EPERM,
        bpf: EPERM,
        perf_event_open: EPERM,
        userfaultfd: EPERM,
        io_uring_setup: EPERM,
        open_by_handle_at: EPERM,
        memfd_create: EPERM,
        execveat: EPERM,
        seccomp: EPERM,
        personality: EPERM,
        dumpable: EPERM,
        'type-into-terminal': ENOTTY,
        'netlink-socket': EAFNOSUPPORT,
        'raw-socket': EAFNOSUPPORT,
        'unix-socket': 0,
        'inet-socket': 0,
        clone3: ENOSYS,
        'newer-than-the-list': ENOSYS,
        process: 0,
        'process-with-namespace': EPERM,
      });
    });

    it('refuses Node what it does not need', () => {
      expect(tryAll('node')).toMatchObject({ process: 1, 'process-with-namespace': 1, ptrace: 1, 'inet-socket': 0 });
    });

    it('is what refuses them: without it several succeed in the same sandbox', () => {
      const answers = tryAll(undefined);
      for (const name of ['ptrace', 'memfd_create', 'personality', 'dumpable', 'netlink-socket', 'process']) {
        expect({ name, errno: answers[name] }).toEqual({ name, errno: 0 });
      }
    });

    it.runIf(arch === 'x64')('ends a program that calls through another table of calls', () => {
      for (const table of ['x32', 'i386']) {
        expect(inSandbox('executable', [join(folder, 'forbidden-calls'), table]).status).toBe(killedForCall);
      }
    });

    function tryAll(program: SeccompProgram | undefined): Record<string, number> {
      const { stdout } = inSandbox(program, [join(folder, 'forbidden-calls')]);
      const lines = stdout.trim().split('\n');
      return Object.fromEntries(lines.map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]));
    }
  });

  function inSandbox(program: SeccompProgram | undefined, command: readonly string[]) {
    if (!isSeccompArch(arch)) throw new Error('no table of system calls');
    const file = join(folder, 'filter');
    writeFileSync(file, program === undefined ? '' : seccompFilter({ arch, program }));
    const filter = openSync(file, 'r');
    try {
      const args = bubblewrapArguments(program !== undefined);
      // Nothing of it runs as root.
      const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--', 'bwrap'];
      const isRoot = process.getuid?.() === 0;
      return spawnSync(isRoot ? 'setpriv' : 'bwrap', [...(isRoot ? asNobody : []), ...args, ...command], {
        stdio: ['ignore', 'pipe', 'pipe', filter],
        encoding: 'utf8',
        timeout: 15_000,
      });
    } finally {
      closeSync(filter);
    }
  }

  function bubblewrapArguments(filtered: boolean): readonly string[] {
    const visible = ['/usr', '/bin', '/lib', '/lib64', fixtures, folder, dirname(realpathSync(process.execPath))];
    return [
      '--unshare-all',
      '--unshare-user',
      '--disable-userns',
      '--die-with-parent',
      '--new-session',
      '--clearenv',
      '--uid',
      '65534',
      '--gid',
      '65534',
      '--cap-drop',
      'ALL',
      '--proc',
      '/proc',
      '--dev',
      '/dev',
      '--tmpfs',
      '/tmp',
      ...visible.flatMap((path) => ['--ro-bind-try', path, path]),
      ...(filtered ? ['--seccomp', '3'] : []),
      '--',
    ];
  }
});

function works(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
