import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostWord } from './shape-host.ts';
import { type Shape, shapePlugin } from './shapes.ts';

/** What came of one shape. */
export interface ShapeResult extends HostWord {
  readonly shape: string;
}

const hostLimitMs = 60_000;
/** What a host may map in all: one that grows without bound is stopped before the machine feels it. */
const mostBytes = 6 * 1_073_741_824;
const memoryMB = 64;

const canLimit = spawnSync('prlimit', ['--version']).status === 0;

/** Whether this machine has what the shapes need. */
export const canMakePipes: boolean = spawnSync('mkfifo', ['--version']).status === 0;

/** Runs a shape in a host of its own. A host that dies is a result. */
export async function runShape(shape: Shape): Promise<ShapeResult> {
  const folder = mkdtempSync(join(tmpdir(), 'hotswap-shape-'));
  try {
    const fifo = join(folder, 'pipe');
    spawnSync('mkfifo', [fifo]);
    const sources = [
      writePlugin(folder, 'shape', shapePlugin(shape)),
      writePlugin(folder, 'neighbour', shapePlugin({ name: '', code: '' })),
    ];
    return { shape: shape.name, ...(await hostOf([...sources, fifo, shape.grows ? '5000' : '1000'])) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writePlugin(folder: string, name: string, text: string): string {
  const home = join(folder, name);
  spawnSync('mkdir', [home]);
  const manifest = { name, version: '1.0.0', type: 'module', main: './index.js', engines: { hotswap: '^1.0.0' } };
  writeFileSync(
    join(home, 'package.json'),
    JSON.stringify({ ...manifest, hotswap: { limits: { maxMemoryMB: memoryMB } } }),
  );
  writeFileSync(join(home, 'index.js'), text);
  return home;
}

async function hostOf(args: readonly string[]): Promise<HostWord> {
  const program = join(import.meta.dirname, 'shape-host.ts');
  const flags = ['--conditions=@hotswap/source', '--max-old-space-size=512', '--no-experimental-ffi'];
  const node = [process.execPath, ...flags, program, ...args];
  const [command = '', ...rest] = canLimit ? ['prlimit', `--data=${mostBytes}`, '--core=0', ...node] : node;
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const startedAt = performance.now();
  let said = '';
  let errors = '';
  child.stdout.on('data', (text: Buffer) => (said += text.toString()));
  child.stderr.on('data', (text: Buffer) => (errors = (errors + text.toString()).slice(-4_000)));
  const limit = setTimeout(() => child.kill('SIGKILL'), hostLimitMs);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(limit);
  if (said !== '') return JSON.parse(said) as HostWord;
  const ms = Math.round(performance.now() - startedAt);
  const cause = /(?:FATAL ERROR|Fatal).*|Error:.*/.exec(errors)?.[0] ?? errors.trim().split('\n').at(-1);
  return { outcome: 'host lost', ms, how: `the process ended with ${signal ?? code}: ${cause}` };
}
