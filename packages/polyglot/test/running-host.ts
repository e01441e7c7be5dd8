import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { grpcDialect, type GrpcDialectOptions } from '@hotswap/polyglot';
import { createRuntime, type HostLogger, type Runtime, type RuntimeOptions } from '@hotswap/runtime';
import { onTestFinished } from 'vitest';

/** One line of a host's log. */
export interface Logged {
  readonly level: keyof Omit<HostLogger, 'child'>;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A runtime with the gRPC dialect that is closed with its test, and its log. */
export interface RunningHost {
  readonly runtime: Runtime;
  readonly lines: readonly Logged[];
  /** Waits for a line of the log. */
  logged(message: string): Promise<Logged>;
}

/** Starts a host. */
export async function startHost(options: RuntimeOptions = {}, dialect: GrpcDialectOptions = {}): Promise<RunningHost> {
  const lines: Logged[] = [];
  const waiting = new Set<() => void>();
  const logger: HostLogger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => logger,
  };
  function write(level: Logged['level']) {
    return (first: Readonly<Record<string, unknown>> | string, message?: string): void => {
      const fields = typeof first === 'string' ? {} : first;
      lines.push({ level, message: typeof first === 'string' ? first : (message ?? ''), fields });
      for (const look of waiting) look();
    };
  }
  const runtime = createRuntime({
    dialects: [grpcDialect(dialect)],
    log: logger,
    guardProcess: false,
    environment: {},
    ...options,
    limits: { probationMs: 0, drainTimeoutMs: 2_000, shutdownTimeoutMs: 5_000, graceMs: 20, ...options.limits },
  });
  await runtime.start();
  onTestFinished(() => runtime.close());
  return {
    runtime,
    lines,
    logged: (message) =>
      new Promise((resolve) => {
        const look = (): void => {
          const line = lines.find((each) => each.message.includes(message));
          if (line === undefined) return;
          waiting.delete(look);
          resolve(line);
        };
        waiting.add(look);
        look();
      }),
  };
}

/** Writes a plugin whose program is a script of the shell. @returns its folder */
export function writeShellPlugin(
  parent: string,
  name: string,
  {
    script,
    manifest = {},
    executable = {},
  }: {
    readonly script: string;
    readonly manifest?: Readonly<Record<string, unknown>>;
    readonly executable?: Readonly<Record<string, unknown>>;
  },
): string {
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'run'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'run'), 0o755);
  const packageJson = {
    name,
    version: '1.0.0',
    engines: { hotswap: '^1.0.0' },
    hotswap: { ...manifest, executable: { protocol: 'grpc', command: ['./run'], ...executable } },
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(packageJson));
  return folder;
}

/** The command that runs the greeter that is written for Node. */
export const nodeGreeter: readonly string[] = [
  process.execPath,
  '--conditions=@hotswap/source',
  join(import.meta.dirname, 'fixtures/node-greeter/main.ts'),
];

/** The greeter that is written for Node, as a plugin. @returns its folder */
export function writeNodeGreeter(
  parent: string,
  name: string,
  given: Omit<Parameters<typeof writeShellPlugin>[2], 'script'> = {},
): string {
  return writeShellPlugin(parent, name, { ...given, script: `exec ${nodeGreeter.join(' ')}` });
}
