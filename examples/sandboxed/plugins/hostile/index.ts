// Never run this outside a sandbox. Its manifest asks for one, and a host that has none refuses it.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { definePlugin } from '@hotswap/sdk';

/** What it has got hold of when it succeeds. */
type Attempt = (victim: { readonly file: string; readonly pid: number }) => string | Promise<string>;

const attempts: Readonly<Record<string, Attempt>> = {
  'read a file of the host': ({ file }) => readFileSync(file, 'utf8'),
  'write beside it': ({ file }) => {
    writeFileSync(`${file}.owned`, 'owned');
    return 'wrote it';
  },
  'read the secrets in the environment': () => process.env['EXAMPLE_SECRET'] ?? none('there is no such variable'),
  'read the environment of the host in /proc': ({ pid }) => readFileSync(`/proc/${pid}/environ`, 'utf8'),
  'look at what the host has open': ({ pid }) => readdirSync(`/proc/${pid}/fd`).join(' '),
  'kill the host': ({ pid }) => {
    process.kill(pid, 'SIGKILL');
    return 'sent the signal';
  },
  'run a shell': () => {
    const { error, stdout } = spawnSync('/bin/sh', ['-c', 'id']);
    if (error) throw error;
    return String(stdout);
  },
  'call home': () =>
    new Promise((resolve, reject) => {
      connect({ host: '192.0.2.1', port: 443 })
        .once('connect', () => resolve('connected'))
        .once('error', reject);
    }),
  'loop without end': () => {
    for (;;);
  },
  'take all memory': () => {
    const taken: Buffer[] = [];
    for (;;) taken.push(Buffer.alloc(4_000_000, 1));
  },
  'end its process': () => process.abort(),
};

function none(why: string): never {
  throw new Error(why);
}

export default definePlugin({
  start(ctx) {
    ctx.methods.handle('attempts', () => Object.keys(attempts));
    ctx.methods.handle<{ name: string; file: string; pid: number }>('attempt', async ({ data: { name, ...victim } }) =>
      String(await attempts[name]?.(victim)),
    );
  },
});
