// Going back within one process: by the operator's word, and by the runtime's own judgement.
import { createLogger, createRuntime, type InMemoryPlugin } from '@hotswap/runtime';
import { definePlugin } from '@hotswap/sdk';
import { answerCommands } from '../../child-commands.ts';

const runtime = await createRuntime({ environment: {}, log: createLogger({ level: 'silent' }) }).start();
const address = 'http://127.0.0.1/hello';

function version(name: string, number: number, answer: () => Response): InMemoryPlugin {
  const definition = definePlugin({
    start(ctx) {
      ctx.http.get('/hello', answer);
    },
  });
  return { name, version: `${number}.0.0`, definition, manifest: { isolation: 'basic' } };
}

export const commands = {
  /** @returns milliseconds of the verb, until the generation before serves again */
  async goBack({ times }: { readonly times: number }): Promise<number[]> {
    await runtime.load(version('back', 1, () => new Response('1')));
    const took: number[] = [];
    for (let index = 0; index < times; index++) {
      await runtime.swap(
        'back',
        version('back', 2, () => new Response('2')),
      );
      if ((await ask()) !== '2') throw new Error('2 does not serve');
      const startedAt = performance.now();
      await runtime.rollback('back', { wait: 'published' });
      took.push(performance.now() - startedAt);
      if ((await ask()) !== '1') throw new Error('1 does not serve again');
    }
    await runtime.unload('back');
    return took;
  },

  /** @returns how many requests a version that fails each one got before the runtime took it back */
  async detect({ limit }: { readonly limit: number }): Promise<{ readonly requests: number; readonly ms: number }> {
    await runtime.load(version('bad', 1, () => new Response('1')));
    for (let index = 0; index < 1_000; index++) await ask();
    await runtime.swap('bad', version('bad', 2, broken));
    const startedAt = performance.now();
    let requests = 0;
    while (requests < limit && (await ask()) !== '1') requests++;
    const ms = performance.now() - startedAt;
    await runtime.unload('bad');
    return { requests, ms };
  },
};

export type RollbackCommands = typeof commands;

/** Reads the answer to its end: until then its generation is held. */
async function ask(): Promise<string> {
  const response = await runtime.fetch(new Request(address));
  return response.text();
}

function broken(): Response {
  throw new Error('broken on purpose');
}

answerCommands(commands);
