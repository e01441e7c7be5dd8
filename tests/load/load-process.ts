// The load, in a process of its own: a server that stands still must not stop the clock that measures it.
import { createClient } from './clients.ts';
import type { Answer, ClientKind, FromLoad, LoadOptions, LoadResult, ToLoad } from './load-messages.ts';

const maxAnswers = 200_000;
const answers: Answer[] = [];
const failures: string[] = [];
let failed = 0;
let isFinished = false;

process.on('disconnect', () => process.exit());
process.on('message', (message: ToLoad) => {
  if (message.type === 'finish') isFinished = true;
  else void run(message.options).then((result) => tell({ type: 'result', result }));
});
tell({ type: 'ready' });

async function run({ port, connections, limitMs }: LoadOptions): Promise<LoadResult> {
  const endAt = performance.now() + limitMs;
  const isOver = (): boolean => isFinished || performance.now() > endAt || answers.length > maxAnswers;
  const kinds = Object.entries(connections) as [ClientKind, number][];
  const progress = setInterval(() => tell({ type: 'progress', answered: answers.length, failed }), 50);
  await Promise.all(
    kinds.flatMap(([kind, count]) => Array.from({ length: count }, () => runClient(kind, port, isOver))),
  );
  clearInterval(progress);
  return { answers, failures, failed };
}

async function runClient(kind: ClientKind, port: number, isOver: () => boolean): Promise<void> {
  const client = createClient(kind, port);
  while (!isOver()) {
    try {
      answers.push(...(await client.turn()));
    } catch (error) {
      noteFailure(kind, error);
      client.close();
      if (failed > 1_000) return;
    }
  }
  client.close();
}

function noteFailure(kind: ClientKind, error: unknown): void {
  failed++;
  const cause = error instanceof Error && error.cause ? ` (${String(error.cause)})` : '';
  if (failures.length < 100) failures.push(`${kind}: ${String(error)}${cause}`);
}

function tell(message: FromLoad): void {
  process.send?.(message);
}
