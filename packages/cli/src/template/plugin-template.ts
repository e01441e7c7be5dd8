import { pluginNamePattern, reservedNames } from '@hotswap/protocol';
import { fail } from '../errors.ts';
import { content } from './kinds/content.ts';
import { core } from './kinds/core.ts';
import { middleware } from './kinds/middleware.ts';
import { monitoring } from './kinds/monitoring.ts';
import { protocol } from './kinds/protocol.ts';
import { ratelimit } from './kinds/ratelimit.ts';
import { security } from './kinds/security.ts';
import { storage } from './kinds/storage.ts';
import type { PluginKind } from './plugin-kind.ts';

const kinds: Readonly<Record<string, PluginKind>> = {
  protocol,
  middleware,
  ratelimit,
  security,
  storage,
  monitoring,
  content,
  core,
};

/** The kinds there is a template for, the default one first. */
export const templateKinds: readonly string[] = Object.keys(kinds);

/** One file of a new plugin; the path is relative to its folder. */
export interface TemplateFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The files of a new plugin, ready to be run, tested and type-checked. Pure.
 *
 * @throws PLUGIN_NAME_INVALID, PLUGIN_KIND_UNKNOWN
 */
export function pluginTemplate(name: string, kindName: string): readonly TemplateFile[] {
  const baseName = name.replace(/^@[^/]*\//, '');
  if (!new RegExp(pluginNamePattern).test(name) || reservedNames.includes(baseName)) {
    throw fail('PLUGIN_NAME_INVALID', { name, reserved: reservedNames.join(', ') });
  }
  const kind = Object.hasOwn(kinds, kindName) ? kinds[kindName] : undefined;
  if (!kind) throw fail('PLUGIN_KIND_UNKNOWN', { kind: kindName, kinds: templateKinds.join(', ') });
  return [
    { path: 'package.json', text: asJson(manifestOf(name, kindName, kind)) },
    { path: 'tsconfig.json', text: asJson(typeScriptSettings) },
    { path: 'README.md', text: readmeOf(name, kind) },
    { path: 'src/index.ts', text: kind.source(baseName) },
    { path: 'src/index.test.ts', text: kind.test(baseName) },
  ];
}

function manifestOf(name: string, kindName: string, { summary, config, capabilities }: PluginKind): object {
  return {
    name,
    version: '0.1.0',
    description: summary,
    type: 'module',
    main: './src/index.ts',
    keywords: ['hotswap-plugin'],
    engines: { hotswap: '^1.0.0' },
    scripts: { dev: 'hotswap plugin dev .', test: 'vitest run', types: 'tsc' },
    dependencies: { '@hotswap/sdk': '^1.0.0' },
    devDependencies: {
      '@hotswap/runtime': '^1.0.0',
      '@types/node': '^26.0.0',
      hotswap: '^0.1.0',
      typescript: '^7.0.0',
      vitest: '^5.1.0',
    },
    hotswap: {
      kinds: [kindName],
      isolation: 'basic',
      ...(capabilities && { capabilities }),
      ...(config && { config }),
    },
  };
}

const typeScriptSettings = {
  compilerOptions: {
    target: 'es2025',
    lib: ['es2025', 'esnext.disposable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
    noEmit: true,
  },
  include: ['src'],
};

function readmeOf(name: string, { summary }: PluginKind): string {
  return `# ${name}

${summary}

\`\`\`console
$ npm run dev     # serve it; save a file and it is swapped
$ npm test        # run it in a test host
$ npx hotswap plugin pack .
\`\`\`

\`package.json\` is the manifest: its \`hotswap\` field holds kinds, isolation, capabilities and the config's schema.
No clean-up code is needed: whatever comes through \`ctx\` is undone when the plugin is swapped or stopped.
`;
}

function asJson(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
