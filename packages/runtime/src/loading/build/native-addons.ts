import { readFile } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import type { Plugin } from 'esbuild';
import type { NativeAddon } from '../artifact.ts';
import { sha256 } from '../plugin-digest.ts';

/** The `detail` of the bundler's error for a native addon. */
export interface RefusedAddon {
  readonly nativeAddon: string;
}

const addonFile = /\.node$/;

/** Stops a build at the first native addon, which no reload could ever let go of. */
export const refuseNativeAddons: Plugin = {
  name: 'refuse-native-addons',
  setup(build) {
    build.onLoad({ filter: addonFile }, ({ path }) => {
      const detail: RefusedAddon = { nativeAddon: path };
      return { errors: [{ text: `${path} is a native addon`, detail }] };
    });
  },
};

/** Leaves native addons where they are: what is built in is a `require` of the addon's name, which the guest knows. */
export function nameNativeAddons(root: string): Plugin {
  return {
    name: 'name-native-addons',
    setup(build) {
      build.onLoad({ filter: addonFile }, ({ path }) => ({
        // Through another name, so that the bundler does not look for what it names.
        contents: `const load = require; module.exports = load(${JSON.stringify(nameOf(path, root))});`,
        loader: 'js',
      }));
    },
  };
}

/** The native addons among the files of a bundle. */
export async function addonsAmong(files: readonly string[], root: string): Promise<readonly NativeAddon[]> {
  const addons = files.filter((file) => addonFile.test(file));
  return Promise.all(
    addons.map(async (file) => ({ name: nameOf(file, root), file, digest: sha256(await readFile(file)) })),
  );
}

function nameOf(file: string, root: string): string {
  const way = relative(root, file).replaceAll(sep, '/');
  return way.startsWith('../') ? way : `./${way}`;
}
