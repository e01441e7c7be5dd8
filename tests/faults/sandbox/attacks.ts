/** What a plugin at level `sandbox` does to its host, on purpose. */
export interface Attack {
  /** As the table names it. */
  readonly name: string;
  /** The body of the handler that does it. */
  readonly code?: string;
  /** What its start does, instead of a handler. */
  readonly start?: string;
  /** Calls that are made at once; default 1. */
  readonly calls?: number;
  /** Bytes that each call brings; default 0. */
  readonly bytes?: number;
}

const pause = 'await new Promise((go) => setImmediate(go));';
const rounds = (count: number, one: string): string =>
  `for (let round = 0; round < ${count}; round++) { ${one} } return 'done';`;
/** Waits for all, and takes what each of them meets. */
const all = (count: number, one: string): string =>
  `await Promise.allSettled(Array.from({ length: ${count} }, async (_, n) => ${one}));`;
const fs = "require('node:fs')";
const later = (code: string): string => `setTimeout(() => { ${code} }, 200);`;

/** In the order of the table. */
export const attacks: readonly Attack[] = [
  { name: 'loops without end', code: 'for (;;);' },
  { name: 'loops in promises without end', code: 'const spin = () => Promise.resolve().then(spin); await spin();' },
  { name: 'sleeps in a lock', code: 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);' },
  { name: 'leaves its channel unread while it is sent 100 MB', code: 'for (;;);', calls: 100, bytes: 1_048_576 },
  { name: 'grows its heap', code: 'for (;;) kept.push(new Array(50_000).fill(0.5));' },
  {
    name: 'grows outside its heap',
    code: `for (;;) { kept.push(Buffer.alloc(4_000_000, 1)); ${pause} }`,
  },
  { name: 'splits a huge text', code: "for (;;) kept.push('a,'.repeat(30_000_000).split(','));" },
  { name: 'recurses without end', code: 'const deeper = (n) => deeper(n + 1) + 1; return deeper(0);' },
  {
    name: 'starts processes',
    code: rounds(100, "try { require('node:child_process').spawn(process.execPath).on('error', () => {}); } catch {}"),
  },
  {
    name: 'starts threads',
    code: rounds(100, "try { new (require('node:worker_threads').Worker)('for(;;);', { eval: true }); } catch {}"),
  },
  { name: 'kills every process that it can name', code: rounds(1, 'try { process.kill(-1, 9); } catch {}') },
  { name: 'aborts', code: 'process.abort();' },
  { name: 'ends its process', code: 'process.reallyExit(0);' },
  { name: 'closes its channel', code: `${fs}.closeSync(3); await new Promise(() => {});` },
  {
    name: 'writes garbage into its channel',
    code: `${fs}.writeSync(3, Buffer.alloc(10_000, 0xff)); await new Promise(() => {});`,
  },
  {
    name: 'writes random bytes into its channel',
    code: `${fs}.writeSync(3, require('node:crypto').randomBytes(60_000)); await new Promise(() => {});`,
  },
  { name: 'answers with 200 MB', code: "return 'x'.repeat(200_000_000);" },
  {
    name: 'logs 100,000 lines',
    code: rounds(
      200,
      "for (let n = 0; n < 500; n++) ctx.log.debug('noise'); await new Promise((go) => setTimeout(go, 2));",
    ),
  },
  {
    name: 'floods its host with events',
    code: `for (;;) { ${all(500, "ctx.events.emit('noise', { n })")} }`,
  },
  {
    name: 'emits 1.6 GB of events, and handles none',
    start: "ctx.events.on('noise', () => new Promise(() => {}));",
    code: rounds(400, "await ctx.events.emit('noise', { text: 'x'.repeat(4_000_000) + round }).catch(() => {});"),
  },
  {
    name: 'floods stdout',
    code: "for (;;) { process.stdout.write('x'.repeat(99) + '\\n'); await null; }",
  },
  {
    name: 'writes 100 MB to stdout and goes on',
    code: `const text = 'x'.repeat(1_000_000); ${rounds(100, 'process.stdout.write(text);')}`,
  },
  {
    name: 'stores and reads in 20,000 calls',
    code: rounds(20, all(1_000, "ctx.storage.set('key' + n, n).then(() => ctx.storage.get('key' + n))")),
  },
  { name: 'fetches what it may not, 5,000 times', code: rounds(5, all(1_000, "ctx.fetch('http://127.0.0.1:1/')")) },
  {
    name: 'makes 100,000 series of metrics',
    code: `const metric = ctx.metrics.counter('attack_total', { labels: ['n'] });
      ${rounds(100, `for (let n = 0; n < 1_000; n++) metric.add(1, { n: String(round * 1_000 + n) }); ${pause}`)}`,
  },
  {
    name: 'fills its temp folder',
    code: `const { tmpdir } = require('node:os');
      try { for (;;) ${fs}.appendFileSync(tmpdir() + '/full', Buffer.alloc(1_000_000)); } catch {}
      return 'done';`,
  },
  {
    name: 'opens files until it may not',
    code: `try { for (;;) kept.push(${fs}.openSync(require('node:os').tmpdir() + '/f' + kept.length, 'w')); } catch {}
      return 'done';`,
  },
  {
    name: 'answers late, 200 times',
    code: 'await new Promise((go) => setTimeout(go, 1_500));',
    calls: 200,
  },
  { name: 'throws from timers', code: `for (let n = 0; n < 50; n++) setTimeout(() => { throw new Error('n'); }, n);` },
  {
    name: 'registers 20,000 routes',
    start: "for (let n = 0; n < 20_000; n++) ctx.http.get('/r' + n, () => new Response());",
  },
  { name: 'ends its process in start', start: 'process.reallyExit(1);' },
  { name: 'loops in start', start: 'for (;;);' },
  { name: 'ends again and again', start: later('process.reallyExit(1);') },
  { name: 'loops again and again', start: later('for (;;);') },
  { name: 'grows again and again', start: later('for (;;) kept.push(Buffer.alloc(4_000_000, 1));') },
];

/** The text of a plugin that does it when its method `run` is called, or when it starts, and that answers `ping`. */
export function attackPlugin({ code = '', start = '' }: Attack): string {
  return `export default {
  start(ctx) {
    const kept = [];
    ctx.methods.handle('ping', () => 'pong');
    ctx.methods.handle('run', async (call) => { ${code} });
    ${start}
  },
};
`;
}
