import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LayerName } from '@hotswap/sandbox';
import type { HostOrders, HostWord } from './attack-host.ts';
import { type Attack, attackPlugin } from './attacks.ts';

/** What came of one attack. */
export interface AttackResult extends HostWord {
  readonly attack: string;
}

const hostLimitMs = 75_000;
const memoryMB = 96;

/** Attacks a host of its own. A host that dies is a result. */
export async function runAttack(attack: Attack, allowMissing: readonly LayerName[]): Promise<AttackResult> {
  const folder = mkdtempSync(join(tmpdir(), 'hotswap-attack-'));
  try {
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    const healthy = [
      writePlugin(folder, 'neighbour', { isolation: 'sandbox' }, answering('neighbour')),
      writePlugin(folder, 'housemate', { isolation: 'basic' }, answering('housemate')),
    ];
    const field = {
      isolation: 'sandbox',
      limits: { maxMemoryMB: memoryMB, callTimeout: '1s' },
      recovery: { maxAttempts: 2, backoff: { strategy: 'fixed', from: '10ms' } },
    };
    const { calls = attack.code === undefined ? 0 : 1, bytes = 0 } = attack;
    const attacker = writePlugin(folder, 'attacker', field, attackPlugin(attack));
    const said = await hostOf({ attacker, healthy, calls, bytes, allowMissing }, temporary);
    return { attack: attack.name, ...said };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function answering(name: string): string {
  return `export default { start(ctx) { ctx.http.get('/${name}', () => new Response('${name}')); } };\n`;
}

function writePlugin(folder: string, name: string, hotswap: object, text: string): string {
  const home = join(folder, name);
  mkdirSync(home);
  const manifest = { name, version: '1.0.0', type: 'module', main: './index.js', engines: { hotswap: '^1.0.0' } };
  writeFileSync(join(home, 'package.json'), JSON.stringify({ ...manifest, hotswap }));
  writeFileSync(join(home, 'index.js'), text);
  return home;
}

async function hostOf(orders: HostOrders, temporary: string): Promise<HostWord> {
  const program = join(import.meta.dirname, 'attack-host.ts');
  const flags = ['--conditions=@hotswap/source', '--max-old-space-size=512', '--no-experimental-ffi'];
  const child = spawn(process.execPath, [...flags, program, JSON.stringify(orders)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: temporary },
  });
  const startedAt = performance.now();
  let said = '';
  let errors = '';
  child.stdout.on('data', (text: Buffer) => (said += text.toString()));
  child.stderr.on('data', (text: Buffer) => (errors = (errors + text.toString()).slice(-4_000)));
  const limit = setTimeout(() => child.kill('SIGKILL'), hostLimitMs);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(limit);
  if (said !== '' && code === 0) return JSON.parse(said) as HostWord;
  const ms = Math.round(performance.now() - startedAt);
  const how = `the process ended with ${signal ?? code}: ${errors.trim()}`;
  return { outcome: 'host lost', ms, how, served: 0, failures: [], slowestMs: 0, grewMB: 0, left: [] };
}
