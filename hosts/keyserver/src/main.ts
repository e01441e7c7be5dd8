// The process: read the settings, start, say where, end when told to.
import { errorKinds, isCodedError } from '@hotswap/protocol';
import { createServerLog, runUntilStopped } from '@hotswap/server';
import { startKeyServer } from './server.ts';

const log = createServerLog({ stream: process.stderr, level: process.env['HOTSWAP_LOG_LEVEL'] });

try {
  const server = await startKeyServer({ env: process.env, cwd: process.cwd(), log });
  // Whoever reads the address may stop the process at once.
  const stopped = runUntilStopped(server);
  process.stdout.write(`listening on ${server.url}\n`);
  // Told once, and on the other stream: what reads the first line of stdout wants the address alone.
  if (server.newToken !== undefined) process.stderr.write(`management token: ${server.newToken}\n`);
  await stopped;
} catch (error) {
  if (!isCodedError(error)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = errorKinds[error.kind].exitCode;
}
