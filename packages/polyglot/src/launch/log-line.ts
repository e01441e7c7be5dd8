import type { IsolateStart } from '@hotswap/runtime';

/** The log of a plugin. */
export type PluginLog = IsolateStart['services']['log'];

/** What a line of a plugin's stderr is in the host's log. */
export interface LogEntry {
  readonly level: keyof PluginLog;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const levels: Readonly<Record<string, keyof PluginLog>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  critical: 'error',
  fatal: 'error',
};

/** What the host's log says itself. */
const taken = ['@level', '@message', '@timestamp', 'level', 'msg', 'message', 'time', 'timestamp'];
const mostFields = 50;

/**
 * Reads a line: hclog's JSON, JSON with `level` and `msg` or `message`, or any other text, which is told as it is.
 *
 * @param stream what the line was written to
 */
export function readLogLine(line: string, stream: 'stdout' | 'stderr'): LogEntry {
  const said = parse(line);
  const message = said?.['@message'] ?? said?.['msg'] ?? said?.['message'];
  if (said === undefined || typeof message !== 'string') return { level: 'info', message: line, fields: { stream } };
  const level = levels[String(said['@level'] ?? said['level'] ?? 'info').toLowerCase()] ?? 'info';
  const fields = Object.entries(said).filter(([name]) => !taken.includes(name));
  return { level, message, fields: { ...Object.fromEntries(fields.slice(0, mostFields)), stream } };
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
