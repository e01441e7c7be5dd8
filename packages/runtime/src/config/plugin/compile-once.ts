import { createConfigCompiler, type PluginConfigSchema } from './plugin-config.ts';
import type { Artifact } from '../../loading/artifact.ts';

/**
 * A schema is compiled once for each artifact, and forgotten with it. Compiling holds up the loop for milliseconds,
 * and versions of a plugin mostly share their schema: the last one of each is kept for the next swap.
 */
export function compileOnce(): (artifact: Artifact) => PluginConfigSchema {
  const compile = createConfigCompiler();
  const compiled = new WeakMap<Artifact, PluginConfigSchema>();
  const latest = new Map<string, { readonly text: string | undefined; readonly schema: PluginConfigSchema }>();
  return (artifact) => {
    const known = compiled.get(artifact);
    if (known) return known;
    const { name, config } = artifact.manifest;
    const text = JSON.stringify(config);
    const last = latest.get(name);
    const schema = last !== undefined && last.text === text ? last.schema : compile(config, name);
    compiled.set(artifact, schema);
    latest.set(name, { text, schema });
    return schema;
  };
}
