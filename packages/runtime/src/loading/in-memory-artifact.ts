import type { PluginDefinition } from '@hotswap/sdk';
import type { Artifact } from './artifact.ts';
import { pluginDigest } from './plugin-digest.ts';
import type { InMemoryPlugin } from './plugin-source.ts';
import { readManifest } from './read-manifest.ts';

const packageFields = ['description', 'author', 'license', 'keywords', 'engines', 'main'];

/** Creates a function that makes artifacts of definitions, and tells two definitions apart however alike their text is. */
export function definitionArtifacts(): (plugin: InMemoryPlugin) => Artifact {
  const numbers = new WeakMap<object, number>();
  let last = 0;
  return ({ name, version = '0.0.0', definition, manifest: fields = {} }) => {
    const manifest = readManifest(packageJsonOf(name, version, fields), `the definition of ${name}`);
    const number = numbers.get(definition) ?? (last += 1);
    numbers.set(definition, number);
    return {
      manifest,
      digest: pluginDigest(manifest, `definition ${number}`),
      // The runtime hands every plugin its own config; a definition in memory names its type, which nothing can check.
      program: { type: 'definition', definition: definition as PluginDefinition },
      origin: `memory:${name}`,
      inputs: [],
    };
  };
}

/** Sorts the fields of a manifest back into the places they have in a `package.json`. */
function packageJsonOf(name: string, version: string, fields: Readonly<Record<string, unknown>>): unknown {
  const entries = Object.entries(fields);
  const isOfPackage = ([field]: readonly [string, unknown]): boolean => packageFields.includes(field);
  return {
    name,
    version,
    engines: { hotswap: '^1.0.0' },
    ...Object.fromEntries(entries.filter(isOfPackage)),
    hotswap: Object.fromEntries(entries.filter((entry) => !isOfPackage(entry))),
  };
}
