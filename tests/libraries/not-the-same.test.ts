import { expect, it } from 'vitest';
import { describeEachLevel } from './each-level.ts';
import { writePlugin } from './plugin-folder.ts';

/** What a library may try, by what it is called in docs/reference/isolation.md, and what it meets in a confined process. */
const attempts: Readonly<Record<string, readonly [body: string, met: unknown]>> = {
  'a thread': [`new (await import('node:worker_threads')).Worker('', { eval: true })`, 'ERR_ACCESS_DENIED'],
  'another program': [`(await import('node:child_process')).execFileSync('/bin/true')`, 'ERR_ACCESS_DENIED'],
  'pino.transport': [`pino.transport({ target: 'pino/file', options: { destination: 1 } })`, 'ERR_ACCESS_DENIED'],
  'node:inspector': [`await import('node:inspector')`, 'ERR_ACCESS_DENIED'],
  'node:sqlite': [`await import('node:sqlite')`, 'IMPORT_REFUSED'],
  'names that are looked up': [`await (await import('node:dns')).promises.lookup('localhost')`, expect.any(String)],
  'files of its own folder': [`(await import('node:fs')).readdirSync(import.meta.dirname)`, expect.any(String)],
  'the home folder': [`return (await import('node:os')).homedir()`, '/tmp'],
  'the time zone': [`return Intl.DateTimeFormat().resolvedOptions().timeZone`, 'UTC'],
  'its temporary folder': [
    `const fs = await import('node:fs'); fs.writeFileSync('/tmp/own', 'kept'); return fs.readFileSync('/tmp/own', 'utf8')`,
    'kept',
  ],
};

describeEachLevel('a library that needs more than Node itself', ['sandbox', 'container'], (level) => {
  it('meets what the reference says', async () => {
    const tried = Object.entries(attempts).map(
      ([name, [body]]) => `met[${JSON.stringify(name)}] = await codeOf(async () => { ${body} });`,
    );
    const folder = await writePlugin(level.folder(), {
      name: 'curious',
      packages: ['pino'],
      imports: `import pino from 'pino';`,
      start: `
        const codeOf = async (work) => { try { return await work(); } catch ({ code }) { return code; } };
        ctx.methods.handle('try', async () => { const met = {}; ${tried.join('\n')} return met; });`,
    });
    const runtime = await level.run();
    try {
      expect((await runtime.load(folder)).reason).toBeUndefined();
      const met = Object.fromEntries(Object.entries(attempts).map(([name, [, code]]) => [name, code]));
      expect(await runtime.invoke('curious', 'try')).toEqual(met);
    } finally {
      await runtime.close();
    }
  });

  it('writes to stdout and stderr as elsewhere, and the host logs the lines', async () => {
    const folder = await writePlugin(level.folder(), {
      name: 'talking',
      packages: ['pino'],
      imports: `import pino from 'pino';`,
      start: `ctx.methods.handle('talk', () => { pino().info('from pino'); process.stderr.write('from the process\\n'); });`,
    });
    const runtime = await level.run();
    try {
      expect((await runtime.load(folder)).reason).toBeUndefined();
      await runtime.invoke('talking', 'talk');
      for (const words of ['from pino', 'from the process'])
        await expect.poll(() => level.logged().some((line) => line.includes(words)), { timeout: 5_000 }).toBe(true);
    } finally {
      await runtime.close();
    }
  });
});
