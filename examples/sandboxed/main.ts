// A hostile plugin beside a healthy one, at level sandbox: what it tries, and what comes of it.
// Exit code 1 when an attempt succeeded, when the healthy plugin failed, or when this host can confine nothing.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRuntime, type Runtime } from '@hotswap/runtime';

const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
/** How long a plugin that was ended may take to come back. */
const backMs = 20_000;

process.env['EXAMPLE_SECRET'] = 'hunter2';
const folder = await mkdtemp(join(tmpdir(), 'hotswap-sandboxed-'));
const file = join(folder, 'customers.txt');
await writeFile(file, 'ada@example.org\n');

const runtime = createRuntime({ isolation: 'sandbox', log: quiet });
try {
  await runtime.start();
  process.exitCode = (await show(runtime)) ? 0 : 1;
} finally {
  await runtime.close();
  await rm(folder, { recursive: true, force: true });
}

/** @returns whether nothing got out, and nobody else was hurt */
async function show(runtime: Runtime): Promise<boolean> {
  for (const name of ['healthy', 'hostile']) {
    const { reason } = await runtime.load(join(import.meta.dirname, 'plugins', name));
    if (reason === undefined) continue;
    console.log(`${name} was not started: ${reason.message}`);
    console.log('"npm run hotswap -- doctor" says what this host lacks; on Debian, try: apt-get install bubblewrap');
    return false;
  }
  const names = (await runtime.invoke('hostile', 'attempts')) as readonly string[];
  let isContained = true;
  console.log(`${'THE HOSTILE PLUGIN TRIES TO'.padEnd(44)}AND GETS`);
  for (const name of names) {
    const got = await attempt(runtime, name);
    const startedAt = performance.now();
    const response = await runtime.fetch(new Request('http://localhost/hello/ada'));
    const isServed = response.status === 200 && (await response.text()) === 'hello ada';
    const ms = (performance.now() - startedAt).toFixed(1);
    const isHeld = got.isHeld && isServed;
    isContained &&= isHeld;
    const others = isServed ? `the healthy plugin answers in ${ms} ms` : 'THE HEALTHY PLUGIN DOES NOT ANSWER';
    console.log(`${isHeld ? '✔' : '✘'} ${name.padEnd(42)}${got.text.padEnd(58)} ${others}`);
  }
  const left = (await readdir(folder)).filter((entry) => entry !== 'customers.txt');
  console.log(
    isContained && left.length === 0
      ? `\nNothing got out, in ${names.length} attempts. The host is as it was.`
      : `\nSomething got out; left behind: ${left.join(', ') || 'nothing'}.`,
  );
  return isContained && left.length === 0;
}

/** What came of one attempt. Whoever was ended for it is waited for. */
async function attempt(runtime: Runtime, name: string): Promise<{ readonly isHeld: boolean; readonly text: string }> {
  using back = nextStart(runtime);
  try {
    const got = String(await runtime.invoke('hostile', 'attempt', { name, file, pid: process.pid }));
    return { isHeld: false, text: `IT GOT ${JSON.stringify(got.slice(0, 40))}` };
  } catch (error) {
    const reason = innermost(error);
    // A loop outlives the call that began it, by the moment in which its process is found to stand still.
    const isEnded = ['ISOLATE_EXITED', 'CALL_TIMED_OUT'].includes(codeOf(error) ?? codeOf(reason) ?? '');
    if (isEnded) await back.started;
    return { isHeld: true, text: `${isEnded ? 'ended' : 'refused'}: ${shortly(reason)}` };
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (Reflect.get(error, 'code') as string | undefined) : undefined;
}

function innermost(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? innermost(error.cause) : error;
}

/** In few words: of an error of the runtime the reason in it, else the first line. */
function shortly(error: unknown): string {
  const details: unknown = error instanceof Error ? Reflect.get(error, 'details') : undefined;
  const reason: unknown = typeof details === 'object' && details !== null ? Reflect.get(details, 'reason') : undefined;
  const text = typeof reason === 'string' ? reason : error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0]?.slice(0, 46) ?? '';
}

/** The next time that the hostile plugin has been started: recovery does it by itself. */
function nextStart(runtime: Runtime): Disposable & { readonly started: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const off = runtime.on('transition', ({ plugin, to }) => {
    if (plugin === 'hostile' && to === 'active') resolve();
  });
  AbortSignal.timeout(backMs).addEventListener('abort', () => resolve());
  return {
    started: promise,
    [Symbol.dispose]: off,
  };
}
