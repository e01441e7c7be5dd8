import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRuntime, listen } from '@hotswap/runtime';
import type {
  HostListenerOptions,
  HostLogger,
  ListeningServer,
  NodeListener,
  Runtime,
  RuntimeOptions,
  WebSocketServerOptions,
} from '@hotswap/runtime';

/** One line of the host's log. */
export interface LoggedLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A started runtime behind a real port, its plugins written as files into a folder that is gone afterwards. */
export interface ServedPlugins extends AsyncDisposable {
  readonly runtime: Runtime;
  readonly listening: ListeningServer;
  readonly port: number;
  readonly url: string;
  readonly folder: string;
  readonly lines: readonly LoggedLine[];
  /** Writes a plugin as one file around the body of `start`. @returns its path, a source to load */
  write(name: string, start: string): Promise<string>;
  /** Writes a plugin and swaps it in. */
  swap(name: string, start: string, options?: { readonly wait: 'published' }): ReturnType<Runtime['swap']>;
}

export interface ServeOptions {
  /** The body of `start` of each plugin, by name. */
  readonly plugins?: Readonly<Record<string, string>>;
  readonly runtime?: RuntimeOptions;
  readonly listener?: HostListenerOptions;
  /** Whether and how WebSocket connections reach the plugins; default: as on any server. */
  readonly sockets?: WebSocketServerOptions | 'none';
  /** Whether management may load plugins from the folder; default false. */
  readonly isRooted?: boolean;
  /** What stands in front of the plugins' listener. */
  readonly mount?: (runtime: Runtime, plugins: NodeListener) => NodeListener;
}

export async function servePlugins(options: ServeOptions = {}): Promise<ServedPlugins> {
  const lines: LoggedLine[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'hotswap-e2e-'));
  const runtime = createRuntime({
    log: recordingLog(lines),
    environment: {},
    // A busy machine makes everything slow at times: only errors shall end a version here.
    watchRules: { latencyFloorMs: 60_000 },
    ...(options.isRooted === true && { pluginRoots: [folder] }),
    ...options.runtime,
    limits: { drainTimeoutMs: 10_000, shutdownTimeoutMs: 2_000, ...options.runtime?.limits },
  });
  await runtime.start();
  const write = async (name: string, start: string): Promise<string> => {
    const path = join(folder, `${name}.js`);
    await mkdir(folder, { recursive: true });
    await writeFile(path, `export default { async start(ctx) {\n${start}\n} };\n`);
    return path;
  };
  for (const [name, start] of Object.entries(options.plugins ?? {})) {
    const report = await runtime.load(await write(name, start));
    if (report.reason) throw new Error(`${report.reason.code}: ${report.reason.message}`);
  }
  const plugins = runtime.listener(options.listener);
  const listening = await listen(options.mount?.(runtime, plugins) ?? plugins, { port: 0 });
  if (options.sockets !== 'none') runtime.websockets(listening.server, options.sockets);
  return {
    runtime,
    listening,
    port: listening.port,
    url: listening.url,
    folder,
    lines,
    write,
    swap: async (name, start, change) => runtime.swap(name, await write(name, start), change),
    async [Symbol.asyncDispose]() {
      await listening.close({ graceMs: 0 });
      await runtime.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function recordingLog(lines: LoggedLine[], bindings: Readonly<Record<string, unknown>> = {}): HostLogger {
  const write =
    (level: string) =>
    (first: Readonly<Record<string, unknown>> | string, message = ''): void => {
      if (typeof first === 'string') lines.push({ level, message: first, fields: bindings });
      else lines.push({ level, message, fields: { ...bindings, ...first } });
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (more) => recordingLog(lines, { ...bindings, ...more }),
  };
}
