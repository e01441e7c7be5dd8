/** Folders whose content is not the author's, or not yet. */
const ignoredFolder = /^(?:node_modules|\..+)$/;
/** What editors leave beside a file while they save it. */
const temporaryFile = /^(?:\..*|#.*#|4913)$|(?:~|\.sw[a-z]|\.tmp|\.crswap|\.bak|\.orig|___jb_(?:tmp|old)___)$/;
/** A plugin of a single file. */
const pluginFile = /\.(?:ts|mts|js|mjs|cjs|tgz)$/;
const notPluginFile = /\.(?:d\.ts|d\.mts|test\.\w+|spec\.\w+)$/;

/** Whether a file is none that a plugin is made of; the path is relative to the plugin directory. */
export function isIgnoredPath(relativePath: string): boolean {
  const parts = relativePath.split(/[\\/]/);
  return parts.some((part) => ignoredFolder.test(part) || temporaryFile.test(part));
}

/**
 * The plugin that a path belongs to, relative to the plugin directory: its folder (`name` or `@scope/name`), or the
 * single file itself. A signature belongs to the file it is for.
 *
 * @returns `undefined` for the directory itself and for files in it that are no plugin
 */
export function pluginOfPath(relativePath: string, isFolder: (name: string) => boolean): string | undefined {
  // A signature lies beside what it is for, and may come after it.
  const parts = relativePath.replace(/\.dsse\.json$/, '').split(/[\\/]/);
  const depth = parts[0]?.startsWith('@') ? 2 : 1;
  const name = parts.slice(0, depth).join('/');
  if (parts[0] === '' || parts[0] === '..' || parts.length < depth) return undefined;
  return parts.length > depth || isFolder(name) || isPluginFile(name) ? name : undefined;
}

/** Whether a file of this name is a plugin by itself. */
export function isPluginFile(name: string): boolean {
  return pluginFile.test(name) && !notPluginFile.test(name);
}
