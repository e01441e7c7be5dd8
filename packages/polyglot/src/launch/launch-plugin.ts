import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { CodedError, isCodedError, messageOf } from '@hotswap/protocol';
import { type Identity, makeIdentity, toPem } from './certificate.ts';
import type { Endpoint, EndpointEnd } from './endpoint.ts';
import { findProgram, programPath } from './find-program.ts';
import { type Handshake, pluginEnvironment, readHandshake } from './handshake.ts';
import { LastLines, LineBudget, onLines } from './lines.ts';
import { type PluginLog, readLogLine } from './log-line.ts';
import type { PluginProcess, ProcessEnd, ProcessStart } from './plugin-process.ts';
import { deadlineIn } from '../deadline.ts';
import { fail } from '../errors.ts';

/** How long the last words of a process that has ended may be on their way. */
const outputMs = 200;

/** What to launch, and how. */
export interface PluginLaunch {
  readonly plugin: string;
  /** The plugin's folder, a real path. */
  readonly root: string;
  readonly command: readonly string[];
  readonly mtls: boolean;
  /** How long it may take until it says where it listens, in milliseconds. */
  readonly handshakeMs: number;
  readonly log: PluginLog;
  readonly startProcess: (start: ProcessStart) => Promise<PluginProcess>;
}

/**
 * Starts a plugin's program and waits for its handshake. What it prints is its log from then on.
 *
 * @throws PLUGIN_COMMAND_MISSING, PLUGIN_HANDSHAKE_LATE, PLUGIN_HANDSHAKE_INVALID, PLUGIN_HANDSHAKE_MISSING,
 * PLUGIN_VERSION_UNSUPPORTED, PLUGIN_ADDRESS_REFUSED, PLUGIN_CERTIFICATE_MISSING
 */
export async function launchPlugin(launch: PluginLaunch): Promise<Endpoint> {
  const { plugin, root, command } = launch;
  const [program = '', ...args] = command;
  const file = await findProgram(plugin, program, root);
  const identity = launch.mtls ? await makeIdentity() : undefined;
  const token = randomBytes(32).toString('base64url');
  // Made with mode 0700, and given to the user that the plugin is confined as: nobody else reaches a socket in it.
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'hotswap-plugin-')));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const environment = pluginEnvironment({ folder, path: programPath, token, certificate: identity?.certificate });
  let running: PluginProcess;
  try {
    running = await launch.startProcess({ file, args, root, folder, environment });
  } catch (error) {
    await remove();
    const reason = messageOf(error);
    if (isCodedError(error)) throw new CodedError(error, { cause: error });
    throw fail('PLUGIN_COMMAND_MISSING', { plugin, command: program, reason }, { cause: error });
  }
  try {
    const { line, lastLines } = await firstLine(running, launch);
    const handshake = readHandshake(plugin, line);
    const address = await addressOf(launch, folder, handshake);
    const exited = running.exited.then((end): EndpointEnd => endOf(end, lastLines));
    return {
      address,
      credentials: credentialsOf(plugin, identity, handshake),
      token,
      isRemote: false,
      confinement: running.confinement,
      exited,
      end: async (limit) => {
        await Promise.race([running.exited, aborted(limit)]);
        await running.kill();
        await remove();
      },
    };
  } catch (error) {
    await running.kill();
    await remove();
    throw error;
  }
}

/** The first line of its output; everything else that it writes goes to the log. */
async function firstLine(
  { stdout, stderr, exited }: PluginProcess,
  { plugin, log, handshakeMs }: PluginLaunch,
): Promise<{ readonly line: string; readonly lastLines: LastLines }> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const lastLines = new LastLines();
  const budget = new LineBudget();
  const errorsRead = Promise.withResolvers<void>();
  const tell = (text: string, stream: 'stdout' | 'stderr'): void => {
    if (stream === 'stderr') lastLines.add(text);
    const { isTold, dropped } = budget.take();
    if (dropped > 0) log.warn({ dropped }, 'lines of the plugin were dropped: it wrote more than the log takes');
    if (!isTold) return;
    const { level, message, fields } = readLogLine(text, stream);
    log[level](fields, message);
  };
  let isFirst = true;
  onLines(stdout, (text) => {
    if (!isFirst) return tell(text, 'stdout');
    isFirst = false;
    resolve(text);
  });
  onLines(
    stderr,
    (text) => tell(text, 'stderr'),
    () => errorsRead.resolve(),
  );
  const deadline = deadlineIn(handshakeMs);
  void deadline.over.then(() => {
    reject(fail('PLUGIN_HANDSHAKE_LATE', { plugin, limitMs: handshakeMs, printed: shown(lastLines) }));
  });
  void exited.then(async ({ detail }) => {
    // What it wrote last says why it ended, and may still be on its way.
    const soon = deadlineIn(outputMs);
    await Promise.race([errorsRead.promise, soon.over]);
    soon.cancel();
    reject(fail('PLUGIN_HANDSHAKE_MISSING', { plugin, reason: detail, printed: shown(lastLines) }));
  });
  try {
    return { line: await promise, lastLines };
  } finally {
    deadline.cancel();
  }
}

/** A socket in the folder that only this host's user reaches; over TCP only what proves who it is. */
async function addressOf({ plugin, mtls }: PluginLaunch, folder: string, handshake: Handshake): Promise<string> {
  const { network, address } = handshake;
  const refused = (): Error => fail('PLUGIN_ADDRESS_REFUSED', { plugin, address: `${network} ${address}` });
  if (network === 'tcp') {
    if (!mtls || !/^127\.0\.0\.1:\d{1,5}$/.test(address)) throw refused();
    return address;
  }
  const path = await realpath(address).catch(() => {
    throw refused();
  });
  if (dirname(path) !== folder) throw refused();
  await chmod(path, 0o600);
  return `unix:${path}`;
}

function credentialsOf(
  plugin: string,
  identity: Identity | undefined,
  { certificate }: Handshake,
): Endpoint['credentials'] {
  if (identity === undefined) return credentials.createInsecure();
  if (certificate === undefined) throw fail('PLUGIN_CERTIFICATE_MISSING', { plugin, reason: 'the field is empty' });
  try {
    // Nobody's certificate is taken but the one that came over the plugin's own output.
    return credentials.createSsl(
      Buffer.from(toPem('CERTIFICATE', certificate)),
      Buffer.from(identity.privateKey),
      Buffer.from(identity.certificate),
    );
  } catch (error) {
    throw fail('PLUGIN_CERTIFICATE_MISSING', { plugin, reason: messageOf(error) }, { cause: error });
  }
}

function endOf({ code, signal, cause, detail }: ProcessEnd, lastLines: LastLines): EndpointEnd {
  return { reason: cause, detail, exitCode: code, signal, lastLines: lastLines.all };
}

function shown(lines: LastLines): string {
  return lines.all.length === 0 ? 'nothing' : lines.all.slice(-5).join(' / ').slice(0, 1_000);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
