import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['@hotswap/source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['@hotswap/source', 'node', 'import', 'default'] } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'hosts/*/src/**/*.test.ts',
      'hosts/*/test/**/*.test.ts',
      'plugins/*/src/**/*.test.ts',
      'tests/**/*.test.ts',
    ],
    execArgv: ['--conditions=@hotswap/source', '--expose-gc'],
    testTimeout: 20_000,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts', 'hosts/*/src/**/*.ts', 'plugins/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', 'packages/test-kit/**', '**/main.ts'],
    },
  },
});
