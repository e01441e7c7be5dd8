/** A duration in the largest fitting unit: `0.4 ms`, `34 ms`, `2.5 s`, `3m 20s`, `5h 2m`, `3d 4h`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 10) return `${trimZero(milliseconds.toFixed(1))} ms`;
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1_000;
  if (seconds < 60) return `${trimZero(seconds.toFixed(1))} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${Math.floor(seconds % 60)}s`;
  const hours = Math.floor(seconds / 3_600);
  if (hours < 24) return `${hours}h ${Math.floor((seconds % 3_600) / 60)}m`;
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** How long ago a moment was, both in milliseconds since the epoch; `never` for 0. */
export function formatAge(moment: number, now: number): string {
  return moment === 0 ? 'never' : `${formatDuration(Math.max(0, now - moment))} ago`;
}

function trimZero(text: string): string {
  return text.endsWith('.0') ? text.slice(0, -2) : text;
}
