import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { describeUnless, pythonGreeter, withoutPython } from './toolchains.ts';

const guide = resolve(import.meta.dirname, '../../../docs/guides/other-languages.md');

describeUnless(withoutPython, 'the guide', () => {
  test('shows a plugin in Python that runs as it is written', async () => {
    // In the repository, where its packages are found.
    const folder = mkdtempSync(join(import.meta.dirname, '.guide-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    for (const [, file = '', text = ''] of readFileSync(guide, 'utf8').matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    for (const name of ['hotswap_plugin.py', 'generated']) {
      cpSync(join(pythonGreeter, name), join(folder, 'greeter', name), { recursive: true });
    }
    const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@hotswap/source', 'host.ts'], {
      cwd: folder,
      timeout: 15_000,
    });
    expect(stdout).toBe('Hello, Ada!\nHello, Bob!\n');
  });
});
