import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Workspace packages are tested from their sources: the same condition node gets on the command line. */
const conditions = ['@hotswap/source', 'node', 'default'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // Child processes, not threads: the tests start servers, change signals and ask for the garbage collector.
    pool: 'forks',
    execArgv: ['--conditions=@hotswap/source', '--expose-gc'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    teardownTimeout: 10_000,
    setupFiles: [join(import.meta.dirname, 'tests/counting/whole-files.ts')],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: [
            'packages/*/{src,test}/**/*.test.ts',
            'hosts/*/{src,test}/**/*.test.ts',
            'plugins/*/src/**/*.test.ts',
            'examples/**/*.test.ts',
            'tests/tooling/**/*.test.ts',
          ],
          exclude: ['**/node_modules/**', '**/dist/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: ['tests/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: ['tests/tooling/**', 'tests/packaging/**', '**/node_modules/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // After the others and one file at a time: these count requests while processes come and go.
          sequence: { groupOrder: 1 },
          maxWorkers: 1,
        },
      },
      {
        extends: true,
        test: {
          name: 'packed',
          include: ['tests/packaging/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 2 },
          maxWorkers: 1,
        },
      },
    ],
    // For `npm run coverage`, which also has Node itself load the sources, as it does in the processes and threads that
    // tests start: so the places that were reached are the same everywhere and add up.
    coverage: {
      provider: 'v8',
      autoAttachSubprocess: true,
      reporter: ['html', 'json-summary'],
      include: ['packages/*/src/**/*.ts', 'hosts/*/src/**/*.ts', 'plugins/*/src/**/*.ts'],
      exclude: [
        '**/*.test.ts',
        '**/generated/**',
        '**/fixtures/**',
        'packages/test-kit/**',
        // What runs in a confined process alone, as text: nothing comes out of there that could be counted.
        'packages/sandbox/src/egress/guest/**',
        'packages/sandbox/src/node/guard.ts',
        'packages/sandbox/src/**/probe-script.ts',
      ],
    },
  },
});
