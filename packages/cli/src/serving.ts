import type { ServerOptions } from '@hotswap/server';
import { createStyle } from './output/style.ts';
import { formatBrief } from './output/report-text.ts';
import { formatWelcome, welcomeAsJson } from './output/welcome-text.ts';
import type { Call } from './verb.ts';

/** How a server process ended. */
export interface ServingResult {
  /** `SIGTERM` or `SIGINT`. */
  readonly stoppedBy: string;
}

/** The part of a server's options that flags decide. */
export type ServingRequest = Omit<ServerOptions, 'log' | 'cwd' | 'env'>;

/** Starts a server in this process, says where it listens, and ends when the process is told to. */
export async function serveUntilStopped(call: Call<object>, request: ServingRequest): Promise<ServingResult> {
  const { createServerLog, runUntilStopped, startServer } = await import('@hotswap/server');
  const { stdout, stderr, env, cwd } = call.terminal;
  const level = env['HOTSWAP_LOG_LEVEL'];
  const log = createServerLog({ stream: stderr, level, hasColor: !env['NO_COLOR'] });
  const server = await startServer({ ...request, cwd, env, log });
  const style = createStyle(stdout);
  const { json: isJson } = call.options;
  // With `--json` one line for each event.
  const say = (event: object, text: string): void => void stdout.write(`${isJson ? JSON.stringify(event) : text}\n`);
  // Whoever reads the address may stop the process at once.
  const stopped = runUntilStopped(server);
  say(welcomeAsJson(server), formatWelcome(server, style));
  if (server.settings.isDevelopment) {
    server.runtime.on('report', (report) => say({ event: 'change', ...report }, formatBrief(report, style)));
  }
  return { stoppedBy: await stopped };
}
