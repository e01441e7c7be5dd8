import { Agent, get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { SoakPlugin } from './soak-plugins.ts';

/** What became of the requests to one plugin. */
export interface SoakCounts {
  requests: number;
  failed: number;
  /** The first few failures, in words. */
  readonly failures: string[];
}

/** Real HTTP clients on connections that are kept, one after the other on each, until they are told to stop. */
export class SoakClients {
  readonly counts: ReadonlyMap<string, SoakCounts>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  readonly #clients: readonly Promise<void>[];
  #isOver = false;

  constructor(port: number, plugins: readonly SoakPlugin[]) {
    this.counts = new Map(plugins.map(({ name }) => [name, { requests: 0, failed: 0, failures: [] }]));
    this.#clients = plugins.flatMap(({ name, isHealthy }) =>
      Array.from({ length: isHealthy ? 3 : 2 }, () => this.#run(port, name)),
    );
  }

  /** Lets requests under way end. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    this.#agent.destroy();
  }

  async #run(port: number, name: string): Promise<void> {
    const counts = this.counts.get(name);
    if (counts === undefined) return;
    while (!this.#isOver) {
      const problem = await this.#ask(port, name);
      counts.requests++;
      if (problem !== undefined) {
        counts.failed++;
        if (counts.failures.length < 10) counts.failures.push(`${new Date().toISOString()} ${problem}`);
      }
      await pause(10);
    }
  }

  /** @returns what was wrong with the answer */
  async #ask(port: number, name: string): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const failed = (error: Error): void => resolve(error.message);
    const request = get(
      { port, host: '127.0.0.1', path: `/${name}`, agent: this.#agent, timeout: 20_000 },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => void parts.push(part));
        response.once('error', failed);
        response.once('end', () => {
          const text = Buffer.concat(parts).toString();
          const isRight = response.statusCode === 200 && text === `ok ${name}`;
          resolve(isRight ? undefined : `${response.statusCode} ${text.slice(0, 200)}`);
        });
      },
    );
    request.once('error', failed);
    request.once('timeout', () => request.destroy(new Error('no answer within 20 s')));
    return promise;
  }
}
