import { join } from 'node:path';

/** Where the states and the history of all plugins lie inside the data folder. */
export function stateFolder(data: string): string {
  return join(data, 'state');
}

/** The folder of one plugin; a scope in its name, or anything else, never leads elsewhere. */
export function stateFolderOf(data: string, plugin: string): string {
  // Nothing encodes a dot, and two of them are the folder above.
  return join(stateFolder(data), encodeURIComponent(plugin).replaceAll('.', '%2E'));
}

/** The plugin whose folder has this name. */
export function pluginOfFolder(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // not made by us; it is nobody's
  }
}
