// The clients, in a process of their own: the server's loop must not be theirs.
import { NumberedClient, StreamClient } from './socket-clients.ts';
import type { SocketClient, SocketJournal } from './socket-clients.ts';
import type { FromSocketLoad, SocketLoadOptions, SocketLoadResult, ToSocketLoad } from './socket-messages.ts';

const failures: string[] = [];
const counts = { open: 0, received: 0, resumed: 0, sentAway: 0, failed: 0 };
const journal: SocketJournal = {
  received: () => void counts.received++,
  resumed: () => void counts.resumed++,
  sentAway: () => void counts.sentAway++,
  opened: () => void counts.open++,
  closed: () => void counts.open--,
  failed: (what) => {
    counts.failed++;
    if (failures.length < 100) failures.push(what);
  },
};
const staying: NumberedClient[] = [];
const others: SocketClient[] = [];

process.on('disconnect', () => process.exit());
process.on('message', (message: ToSocketLoad) => {
  if (message.type === 'begin') begin(message.options);
  else void finish().then((result) => tell({ type: 'result', result }));
});
tell({ type: 'ready' });

function begin({ port, staying: stay, returning, streams }: SocketLoadOptions): void {
  const jobs = [
    ...Array.from({ length: stay }, () => () => void staying.push(new NumberedClient(port, true, journal))),
    ...Array.from({ length: returning }, () => () => void others.push(new NumberedClient(port, false, journal))),
    ...Array.from({ length: streams }, () => () => void others.push(new StreamClient(port, journal))),
  ];
  // A few at a time: the server's backlog is bounded.
  const opening = setInterval(() => {
    for (const job of jobs.splice(0, 40)) job();
    if (jobs.length === 0) clearInterval(opening);
  }, 20);
  setInterval(() => tell({ type: 'progress', counts }), 50).unref();
}

async function finish(): Promise<SocketLoadResult> {
  for (const client of [...staying, ...others]) client.stopSending();
  const endAt = performance.now() + 10_000;
  const unanswered = (): number => staying.reduce((sum, client) => sum + client.unanswered, 0);
  while (unanswered() > 0 && performance.now() < endAt) await new Promise((resolve) => setTimeout(resolve, 50));
  const resumed = staying.map((client) => client.resumed);
  const result = {
    ...counts,
    failures,
    resumedEach: [Math.min(...resumed), Math.max(...resumed)] as const,
    unanswered: unanswered(),
  };
  for (const client of [...staying, ...others]) client.stop();
  return result;
}

function tell(message: FromSocketLoad): void {
  process.send?.(message);
}
