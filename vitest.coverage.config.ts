import { defineConfig, mergeConfig } from 'vitest/config';
import tests from './vitest.config.ts';

/**
 * The same tests, counted. Node itself loads the sources, as it does in the processes and threads that tests start:
 * so the places that were reached are the same everywhere and add up. What is asked of them is in `scripts/coverage.ts`.
 */
export default mergeConfig(
  tests,
  defineConfig({
    test: {
      experimental: { viteModuleRunner: false },
      coverage: {
        enabled: true,
        provider: 'v8',
        autoAttachSubprocess: true,
        reporter: ['html', 'json-summary'],
        include: ['packages/*/src/**/*.ts', 'hosts/*/src/**/*.ts', 'plugins/*/src/**/*.ts'],
        exclude: ['**/*.test.ts', '**/generated/**', '**/fixtures/**', 'packages/test-kit/**'],
      },
    },
  }),
);
