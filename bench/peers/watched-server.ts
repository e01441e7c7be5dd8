import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { BenchContext } from '../bench-row.ts';

/** Text of a server that says which version it is; for `node --watch`, which starts it anew when it is saved. */
export function serverText(port: number, version: string): string {
  return `import { createServer } from 'node:http';
createServer((_, response) => response.end('${version}')).listen(${port}, '127.0.0.1');
`;
}

/** Starts `node --watch`. @returns what ends it, and the server it started */
export function watchServer({ scope }: BenchContext, file: string): { stop(): Promise<void> } {
  const child: ChildProcess = spawn(process.execPath, ['--watch', '--watch-preserve-output', file], {
    stdio: 'ignore',
  });
  const { pid = 0 } = child;
  scope.addChild(pid);
  return {
    async stop() {
      const gone = once(child, 'exit');
      // SIGTERM lets it end the server that it started.
      child.kill('SIGTERM');
      await gone;
      scope.forgetChild(pid);
    },
  };
}
