import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkReadable } from './check-readable.ts';
import type { Artifact } from '../loading/artifact.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'readable-'));
  for (const name of ['plugin', 'plugin/data', 'shared', 'plugin-of-another']) mkdirSync(join(folder, name));
  symlinkSync(join(folder, 'shared'), join(folder, 'plugin/link'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function refusalOf(files: readonly string[], readable: readonly string[] = []): string | undefined {
  const artifact: Pick<Artifact, 'manifest' | 'origin'> = {
    origin: join(folder, 'plugin'),
    manifest: {
      name: 'a',
      version: '1.0.0',
      description: '',
      engines: { hotswap: '*' },
      main: 'a.js',
      capabilities: { files },
    },
  };
  try {
    checkReadable(artifact as Artifact, readable);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('what a plugin wants to read', () => {
  it('may be its own folder and what is in it', () => {
    expect(refusalOf(['.', 'data', './data'])).toBeUndefined();
  });

  it('is refused outside, however it is written', () => {
    for (const path of ['..', '../shared', '/', '/etc', 'data/../../shared', '../plugin-of-another', 'link']) {
      expect(refusalOf([path]), path).toBe('PLUGIN_FILES_REFUSED');
    }
  });

  it('may be what the operator names, also through a link', () => {
    const shared = join(folder, 'shared');
    expect(refusalOf(['../shared', 'link', shared], [shared])).toBeUndefined();
    expect(refusalOf(['/etc'], ['/'])).toBeUndefined();
  });
});
