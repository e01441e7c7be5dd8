import { existsSync } from 'node:fs';
import { EngineCli, tail } from './engine-cli.ts';
import { SandboxError } from '../../errors.ts';

export type EngineKind = 'podman' | 'docker';

/** An engine that answered. */
export interface FoundEngine {
  readonly kind: EngineKind;
  readonly version: string;
  readonly cli: EngineCli;
  /** Whether it runs as an ordinary user, with what the kernel gives one. */
  readonly rootless: boolean;
  /** `v1` or `v2`. */
  readonly cgroupVersion: string;
  /** Whether it makes groups itself; else systemd does. */
  readonly usesCgroupfs: boolean;
  /** What starts the containers, such as `runc`. */
  readonly ociRuntime: string;
  /** Whether it runs on this machine as a child of this process, which can hand descriptors in. */
  readonly isLocal: boolean;
  /** Its own folders and sockets on this host, absolute. */
  readonly folders: readonly string[];
}

const known: readonly EngineKind[] = ['podman', 'docker'];

/**
 * Finds an engine that works: asks it for its version and for what it stands on.
 *
 * @param command the one that the operator named, with its flags; default: `podman`, then `docker`
 * @throws CONTAINER_ENGINE_MISSING
 */
export async function findEngine(command?: readonly [string, ...string[]]): Promise<FoundEngine> {
  const tried: string[] = [];
  for (const candidate of command === undefined ? known.map((name) => [name] as const) : [command]) {
    const found = await tryEngine(candidate).catch((error: unknown) => explain(error));
    if (typeof found !== 'string') return found;
    tried.push(`${candidate[0]}: ${found}`);
  }
  throw new SandboxError('CONTAINER_ENGINE_MISSING', { tried: tried.join('; ') });
}

async function tryEngine(command: readonly [string, ...string[]]): Promise<FoundEngine | string> {
  const named = await new EngineCli(command).run(['--version']);
  if (named.code !== 0) return tail(named.stderr) || 'it does not tell its version';
  const [, name = '', version = ''] = /^(podman|docker)\D*?version (\S+?),?$/im.exec(withoutBuild(named.stdout)) ?? [];
  const kind = known.find((one) => one === name.toLowerCase());
  if (kind === undefined) return `it is neither podman nor docker: ${named.stdout.trim().slice(0, 100)}`;
  const cli = new EngineCli(kind === 'podman' ? podmanCommand(command) : command);
  const info = await cli.run(['info', '--format', '{{json .}}']);
  if (info.code !== 0) return tail(info.stderr);
  const facts = readInfo(kind, JSON.parse(info.stdout));
  return { kind, version, cli, ...facts, folders: [...facts.folders, ...socketsOf(command)] };
}

/** Podman's way with systemd fails where there is none. */
function podmanCommand(command: readonly [string, ...string[]]): readonly [string, ...string[]] {
  const isSettled = command.some((word) => word.startsWith('--cgroup-manager'));
  return isSettled || existsSync('/run/systemd/system') ? command : [...command, '--cgroup-manager', 'cgroupfs'];
}

function readInfo(kind: EngineKind, info: unknown): Omit<FoundEngine, 'kind' | 'version' | 'cli'> {
  if (kind === 'podman') {
    return {
      rootless: at(info, 'host', 'security', 'rootless') === true,
      cgroupVersion: shown(at(info, 'host', 'cgroupVersion')),
      usesCgroupfs: at(info, 'host', 'cgroupManager') === 'cgroupfs',
      ociRuntime: shown(at(info, 'host', 'ociRuntime', 'name')),
      isLocal: at(info, 'host', 'serviceIsRemote') !== true,
      folders: [at(info, 'store', 'graphRoot'), at(info, 'store', 'runRoot')].filter(isText),
    };
  }
  const options = at(info, 'SecurityOptions');
  return {
    rootless: Array.isArray(options) && options.some((option) => String(option).includes('name=rootless')),
    cgroupVersion: `v${shown(at(info, 'CgroupVersion'))}`,
    usesCgroupfs: at(info, 'CgroupDriver') === 'cgroupfs',
    ociRuntime: shown(at(info, 'DefaultRuntime')),
    isLocal: false,
    folders: [at(info, 'DockerRootDir')].filter(isText),
  };
}

/** Where the engine listens, when it was told so by a flag or a variable. */
function socketsOf(command: readonly string[]): readonly string[] {
  const words = [...command, process.env['DOCKER_HOST'] ?? '', process.env['CONTAINER_HOST'] ?? ''];
  return words.flatMap((word) => /^(?:--\w+=)?unix:\/\/(\/.+)$/.exec(word)?.[1] ?? []);
}

/** `Docker version 28.2.2, build e6534b4` without its end. */
function withoutBuild(line: string): string {
  return line.split(', build')[0]?.trim() ?? '';
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, name) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined),
    value,
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('/');
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : '?';
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code === 'ENOENT' ? 'it is not installed' : error.message;
}
