// The load, in a process of its own: the server must not be slowed down by what measures it.
// Arguments: the port to ask, and how many requests to send in a second.
import { setTimeout as delay } from 'node:timers/promises';
import { KeepAliveConnection } from './keep-alive-connection.ts';
import type { Expectation, FromLoad, ToLoad } from './load-messages.ts';
import { RequestTally } from './request-tally.ts';

const [port = 0, requestsPerSecond = 0] = process.argv.slice(2).map(Number);
/** Neither more requests nor a longer run than this, whatever becomes of the demo. */
const maxRequests = 200_000;
const maxMs = 120_000;
const answerLimitMs = 10_000;
const tickMs = 5;

const tally = new RequestTally();
const quick = Array.from({ length: 16 }, () => new KeepAliveConnection(port));
/** Always under way, one after the other: each swap finds requests of the old version that it has to let finish. */
const slow = Array.from({ length: 4 }, () => new KeepAliveConnection(port));
const everyConnection = [...quick, ...slow];
let expectation: Expectation | undefined;
let isFinished = false;

process.on('disconnect', () => process.exit());
process.on('message', (message: ToLoad) => {
  if (message.type === 'finish') {
    isFinished = true;
  } else {
    ({ expectation } = message);
    tell({ type: 'expecting' });
  }
});

await sendUntilFinished();
// The demo ends this process; were it gone, its disconnection would.
tell({ type: 'result', result: tally.result });

async function sendUntilFinished(): Promise<void> {
  const startedAt = performance.now();
  let last = startedAt;
  let owed = 0;
  for (let ticks = 1; ; ticks++) {
    await delay(tickMs);
    const now = performance.now();
    if (!isFinished && tally.sent < maxRequests && now - startedAt < maxMs && expectation !== undefined) {
      // A server that is behind is not buried: what found no free connection is not made up for later.
      owed = Math.min(quick.length, owed + (requestsPerSecond * (now - last)) / 1_000);
      owed -= send(quick, '/quick', Math.floor(owed));
      if (ticks % 10 === 0) send(slow, '/slow', 1);
    }
    for (const connection of everyConnection) connection.giveUpAfter(answerLimitMs);
    if (ticks % 20 === 0) tell({ type: 'progress', counts: tally.counts });
    last = now;
    if (isFinished && everyConnection.every(({ isIdle }) => isIdle)) return;
  }
}

/** Sends one request on each free connection, up to a number; returns how many went out. */
function send(connections: readonly KeepAliveConnection[], path: string, atMost: number): number {
  const free = connections.filter(({ isIdle }) => isIdle).slice(0, atMost);
  for (const connection of free) void measure(connection, path);
  return free.length;
}

async function measure(connection: KeepAliveConnection, path: string): Promise<void> {
  const atSend = expectation;
  if (atSend === undefined) return;
  tally.noteSent();
  const sentAt = performance.now();
  try {
    const answer = await connection.get(path);
    const milliseconds = performance.now() - sentAt;
    const atAnswer = expectation ?? atSend;
    const phase = atAnswer.phase === 'during' ? 'during' : atSend.phase;
    if (path === '/quick') tally.noteLatency(phase, milliseconds);
    tally.noteAnswer(answer, { atSend, atAnswer });
  } catch (error) {
    tally.noteFailure(error instanceof Error ? error.message : String(error));
  }
}

function tell(message: FromLoad): void {
  // Were the demo gone, nobody would listen, and the disconnection ends this process.
  process.send?.(message, undefined, undefined, () => {});
}
