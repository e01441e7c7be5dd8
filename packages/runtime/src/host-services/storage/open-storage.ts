import { MemoryBackend } from './memory-backend.ts';
import { SqliteBackend } from './sqlite-backend.ts';
import type { StorageBackend } from './storage-backend.ts';
import type { HostClock } from '../system-clock.ts';

const megabyte = 1_048_576;

/** Where plugins keep their values: in a file, or in memory where there is none. */
export function openStorage(
  file: string | undefined,
  {
    clock,
    maxStorageMB,
  }: { readonly clock: HostClock; /** For each plugin and tenant. */ readonly maxStorageMB: number },
): StorageBackend {
  const maxNamespaceBytes = maxStorageMB * megabyte;
  return file === undefined
    ? new MemoryBackend({ maxNamespaceBytes })
    : new SqliteBackend({ file, maxNamespaceBytes, clock });
}
