import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodeFlags, type NodeFlagsOptions } from './node-flags.ts';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'flags-'))));
afterAll(() => rm(folder, { recursive: true }));

const options: NodeFlagsOptions = {
  usesPermissions: true,
  preload: undefined,
  read: [],
  write: [],
  native: false,
  network: false,
  memoryMB: 100,
  flags: [],
};

it('grants a folder as a whole, also when something below it is granted too', async () => {
  await mkdir(join(folder, 'below'));
  const file = join(folder, 'below/main.cjs');
  await writeFile(file, `console.log(require('node:fs').readdirSync(${JSON.stringify(folder)}).join())`);
  const flags = nodeFlags({ ...options, read: [file, folder] });
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, file]);
  expect(stdout).toBe('below\n');
});

it('lets the heap have a share of the memory, unless the caller says how much', () => {
  expect(nodeFlags(options)[0]).toBe('--max-old-space-size=75');
  expect(nodeFlags({ ...options, flags: ['--max-old-space-size=50'] }).at(-1)).toBe('--max-old-space-size=50');
});

it('closes what has a flag for it even where the permission model is off', () => {
  const flags = nodeFlags({ ...options, usesPermissions: false, preload: '/run/guard.cjs' });
  expect(flags).not.toContain('--permission');
  expect(flags).toEqual(expect.arrayContaining(['--no-experimental-sqlite', '--disable-sigusr1', '--require']));
});

it('allows sockets and addons only where they are asked for', () => {
  expect(nodeFlags(options).join(' ')).not.toMatch(/--allow-(net|addons|worker|child-process|wasi|inspector)/);
  expect(nodeFlags({ ...options, native: true, network: true })).toEqual(
    expect.arrayContaining(['--allow-net', '--allow-addons']),
  );
});
