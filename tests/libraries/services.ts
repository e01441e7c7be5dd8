import { once } from 'node:events';
import { connect } from 'node:net';
import { describe } from 'vitest';

const waitMs = 2_000;

/** Whether something listens on a port of this machine. */
async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(waitMs) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const services = { PostgreSQL: 5432, Redis: 6379 };

/** A `describe` for tests with a service of this machine. Without it they are skipped, and say so; in CI they fail. */
export async function describeService(service: keyof typeof services, tests: () => void): Promise<void> {
  const port = services[service];
  const isThere = await listens(port);
  const isSkipped = !isThere && process.env['CI'] !== 'true';
  describe.skipIf(isSkipped)(isThere ? service : `${service} (nothing listens on 127.0.0.1:${port})`, tests);
}
