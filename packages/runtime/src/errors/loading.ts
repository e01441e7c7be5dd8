import type { ErrorEntry } from '@hotswap/protocol';

/** Loading: where code may come from, and which plugins go before which. */
export const loadingErrors = {
  PLUGIN_DIRECTORY_UNREADABLE: {
    kind: 'invalid',
    message: 'the plugin directory {directory} cannot be read; create it or set [plugins] directory',
  },
  SOURCE_OUTSIDE_ROOT: {
    kind: 'forbidden',
    message: '{path} is not inside the plugin directory or a listed source; move it there',
  },
  SOURCE_NOT_FOUND: { kind: 'not-found', message: 'there is nothing at {path}; check the path' },
  SOURCE_UNSUPPORTED: {
    kind: 'invalid',
    message: 'cannot load from {source}; give a folder with a package.json, a .ts or .js file, or a .tgz archive',
  },
  MANIFEST_INVALID: { kind: 'invalid', message: 'the manifest in {where} cannot be used: {summary}' },
  ENGINE_UNSATISFIED: {
    kind: 'conflict',
    message:
      'plugin {plugin} asks for HotSwap {range}, this is {running}; update HotSwap or widen `engines.hotswap` in {where}',
  },
  BUILD_FAILED: { kind: 'plugin-fault', message: 'plugin {plugin} does not build: {summary}' },
  LOADER_CLOSED: { kind: 'unavailable', message: 'plugin {plugin} was not loaded, because the loader is closed' },
  BUILD_FILE_REFUSED: {
    kind: 'forbidden',
    message:
      'plugin {plugin} uses {file}, which is outside its folder and its node_modules; move it there or add its folder to `allowedRoots`',
  },
  NATIVE_ADDON_REFUSED: {
    kind: 'invalid',
    message:
      'plugin {plugin} needs {package}, a native addon ({file}); set `capabilities: { native: true }` in its manifest, with which it runs at isolation sandbox and container, or use a pure JavaScript package',
  },
  NATIVE_ADDON_NOT_PACKED: {
    kind: 'invalid',
    message:
      'plugin {plugin} has the native addon {file}, which is made for one kind of machine and cannot be in an archive; load the plugin from its folder',
  },
  IMPORT_REFUSED: {
    kind: 'invalid',
    message:
      'plugin {plugin} imports {specifier} at run time; only node: built-ins and @hotswap/sdk can be, bundle the rest',
  },
  ARCHIVE_REFUSED: { kind: 'invalid', message: 'the archive {path} is refused: entry {entry} {reason}' },
  ARCHIVE_NOT_BUNDLED: {
    kind: 'invalid',
    message:
      'the archive {path} still imports {specifier}; make it with `hotswap plugin pack`, which bundles everything',
  },
  EXECUTABLE_NOT_PACKED: {
    kind: 'invalid',
    message:
      'plugin {plugin} in {path} is a program of its own, which can be neither bundled nor packed; load it from its folder',
  },
  PLUGIN_FOLDER_TOO_LARGE: {
    kind: 'limit',
    message: 'the plugin folder {folder} holds more than {mostFiles} files; keep only what the plugin needs there',
  },
  PLUGIN_EXPORT_MISSING: {
    kind: 'plugin-fault',
    message:
      'plugin {plugin} exports {found} but no plugin; write `export default definePlugin({ start(ctx) {} })` or `export const createPlugin = () => ({ start(ctx) {} })`',
  },
  DEPENDENCY_MISSING: {
    kind: 'conflict',
    message: 'plugin {plugin} needs {dependency} {range}, which is not loaded; load it or mark the dependency optional',
  },
  DEPENDENCY_UNSATISFIED: {
    kind: 'conflict',
    message: 'plugin {plugin} needs {dependency} {range}, but {dependency} is {version}; change one of the two',
  },
  DEPENDENCY_CYCLE: {
    kind: 'conflict',
    message: 'plugins depend on each other in a circle: {path}; remove one of these dependencies',
  },
  DEPENDENCY_FAILED: {
    kind: 'conflict',
    message: 'plugin {plugin} needs {dependency}, which cannot be loaded: {reason}',
  },
  LOAD_ORDER_UNKNOWN: {
    kind: 'invalid',
    message: '{place}loadOrder names {entry}, which is no enabled plugin and no kind of one{hint}',
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
