/** The folders of the packages that go to the registry, each after those it needs. */
export const publishedPackages = [
  'packages/protocol',
  'packages/sdk',
  'packages/sandbox',
  'packages/runtime',
  'packages/polyglot',
  'packages/server',
  'packages/cli',
] as const;
