import { resolve } from 'node:path';
import { build } from 'esbuild';

/** The text of a guest's entry, and the files it was made of. */
export interface GuestBundle {
  readonly text: string;
  readonly inputs: readonly string[];
}

/**
 * Bundles the entry of a guest into one CJS file, everything of ours in it. The bundler works in its own process.
 *
 * @param conditions which of a package's entries are taken; default: its sources
 */
export async function bundleGuest(
  source: string,
  conditions: readonly string[] = ['@hotswap/source'],
): Promise<GuestBundle> {
  const { outputFiles, metafile } = await build({
    entryPoints: [source],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    conditions: [...conditions],
    // What a CJS file has in its place.
    define: { 'import.meta.url': '__filename' },
    // Every thread keeps the text; names stay, for stacks.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const inputs = Object.keys(metafile.inputs).map((path) => resolve(path));
  return { text: outputFiles[0]?.text ?? '', inputs };
}
