import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run, temporaryFolder, write } from './running-runtime.ts';
import { describeSandbox, sandboxHost } from './sandbox-host.ts';

const reader = `
  import { readFileSync } from 'node:fs';
  import { join } from 'node:path';
  const read = (path) => { try { return readFileSync(path, 'utf8'); } catch (error) { return error.code; } };
  export default { start(ctx) {
    ctx.methods.handle('read', ({ data }) => read(join(import.meta.dirname, '..', data)));
    ctx.methods.handle('environment', () => Object.keys(process.env).toSorted());
  } };`;

describeSandbox('a confined plugin', () => {
  it('reads the folders that its manifest names, and nothing else of its host', async () => {
    await using folder = await temporaryFolder();
    await write(folder.path, {
      'reader/package.json': JSON.stringify({
        name: 'reader',
        version: '1.0.0',
        type: 'module',
        main: './dist/index.js',
        engines: { hotswap: '^1.0.0' },
        hotswap: { isolation: 'sandbox', capabilities: { files: ['data'] } },
      }),
      'reader/dist/index.js': reader,
      'reader/data/words.txt': 'to be read',
      'secret.txt': 'not to be read',
    });
    // A confined process is a user of its own.
    await chmod(folder.path, 0o755);
    const { allowMissing } = sandboxHost;
    await using host = await run({ allowMissing, limits: { spares: 0 } });
    const { outcome, reason } = await host.runtime.load(join(folder.path, 'reader'));
    expect([outcome, reason]).toEqual(['swapped', undefined]);
    const read = async (path: string) => host.runtime.invoke('reader', 'read', path);
    expect(await read('data/words.txt')).toBe('to be read');
    expect(await read('../secret.txt')).not.toBe('not to be read');
    expect(await read('dist/index.js')).toMatch(/^E/);
    expect(await host.runtime.invoke('reader', 'environment')).not.toContain('VITEST');
  });
});
