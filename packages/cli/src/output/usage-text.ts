import type { UsageAnswer } from '../client/management-answers.ts';

/** A size for people: `900 B`, `12 KB`, `3.4 MB`, `256 MB`, `1.2 GB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const digits = unit < 2 || value >= 10 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** `12 KB out, 3.4 MB in`; nothing where it cannot be told. */
export function formatNetwork(usage: UsageAnswer): string | undefined {
  const { network_sent_bytes: sent, network_received_bytes: received } = usage;
  if (sent === null && received === null) return undefined;
  return `${formatBytes(sent ?? 0)} out, ${formatBytes(received ?? 0)} in`;
}

/** `memory 2, cpu 1`; nothing without any. */
export function formatViolations({ violations }: UsageAnswer): string | undefined {
  const counted = Object.entries(violations).filter(([, count]) => count > 0);
  return counted.length === 0 ? undefined : counted.map(([name, count]) => `${name} ${count}`).join(', ');
}

/** What a plugin uses, each with its limit, as facts for a status. */
export function usageFacts(usage: UsageAnswer): readonly (readonly [string, string | undefined])[] {
  const { limits } = usage;
  const of = (used: string | undefined, limit: number | null, unit: string): string | undefined =>
    used === undefined || limit === null ? used : `${used} of ${limit}${unit}`;
  const bytes = (value: number | null): string | undefined => (value === null ? undefined : formatBytes(value));
  const count = (value: number | null): string | undefined => (value === null ? undefined : String(value));
  const percent = usage.cpu_percent === null ? undefined : `${usage.cpu_percent.toFixed(1)} %`;
  return [
    ['memory', of(bytes(usage.memory_bytes), limits.memory_mb, ' MB')],
    ['cpu', of(percent, limits.cpu_percent, ' % of a core')],
    ['threads', of(count(usage.threads), limits.threads, '')],
    ['open files', of(count(usage.open_files), limits.files, '')],
    ['disk', of(bytes(usage.disk_bytes), limits.disk_mb, ' MB')],
    ['network', formatNetwork(usage)],
    ['violations', formatViolations(usage)],
    ['not held to', usage.unenforced.length === 0 ? undefined : usage.unenforced.join(', ')],
  ];
}
