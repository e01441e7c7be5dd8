/** Something that goes wrong in a plugin at level `strict`, and what becomes of the host. */
export interface Shape {
  /** As the table names it. */
  readonly name: string;
  /** The body of the handler that does it; `fifo` is the path of a pipe that nobody writes to. */
  readonly code: string;
  /** It is held to its memory: the time of a call is long, so that what ends it is the growth. */
  readonly grows?: true;
}

const loop = 'let turns = 0; for (;;) turns += 1;';
const optimised = 'for (;;) new Array(1_000).fill({});';
const arrays = 'for (;;) kept.push({ size: kept.length });';
const optimisedArrays = 'for (;;) kept.push(new Array(1_000).fill(0).map((_, index) => ({ index })));';
const maps = 'const map = new Map(); for (let index = 0; ; index++) map.set(index, { index });';
const split = "for (;;) kept.push('a,'.repeat(30_000_000).split(','));";
const bigArrays = 'for (;;) kept.push(new Array(3e7));';
const buffers = 'for (;;) kept.push(Buffer.alloc(16_000_000, 1));';
const fifo = "require('node:fs').readFileSync(call.data.fifo);";
const pbkdf2 = "require('node:crypto').pbkdf2Sync('a', 'b', 2_000_000, 64, 'sha512');";
const json = "JSON.parse('[' + '[1],'.repeat(4_000_000) + '1]');";
const recursion = 'const deeper = (n) => deeper(n + 1) + 1; return deeper(0);';
const flood = "for (;;) ctx.events.emit('flood', { text: 'x'.repeat(300) }).catch(() => {});";

/** In the order of the table. */
export const shapes: readonly Shape[] = [
  { name: 'endless loop', code: loop },
  { name: 'endless loop in optimised code', code: optimised },
  { name: 'arrays that grow', code: arrays, grows: true },
  { name: 'arrays that grow in optimised code', code: optimisedArrays },
  { name: 'a map that grows', code: maps, grows: true },
  { name: 'splitting a huge text', code: split, grows: true },
  { name: '`new Array(3e7)` again and again', code: bigArrays, grows: true },
  { name: 'buffers that grow, outside the heap', code: buffers, grows: true },
  { name: 'read on a pipe that nobody writes to', code: fifo },
  { name: '`pbkdf2Sync` with very many rounds', code: pbkdf2 },
  { name: '`JSON.parse` of a huge text', code: json, grows: true },
  { name: '`process.exit`', code: 'process.exit(1);' },
  { name: 'a throw in a timer', code: "setTimeout(() => { throw new Error('lost'); }, 1);" },
  { name: 'a rejection that nobody awaits', code: "void Promise.reject(new Error('lost'));" },
  { name: 'a flood of messages to the host', code: flood, grows: true },
  { name: 'recursion without end', code: recursion },
];

/** The text of a plugin that does it when its method `run` is called, and that answers `ping`. */
export function shapePlugin({ code }: Shape): string {
  return `export default {
  start(ctx) {
    const kept = [];
    ctx.methods.handle('ping', () => 'pong');
    ctx.methods.handle('run', (call) => { ${code} });
  },
};
`;
}
