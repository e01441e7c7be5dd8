import { pino } from 'pino';
import type { DestinationStream, Logger as PinoLogger } from 'pino';
import { build as prettyStream } from 'pino-pretty';

/** The log of the whole process. */
export type ServerLog = PinoLogger;

/** The words that log collectors expect for the levels. */
const levelWords: Readonly<Record<string, string>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};

/** Never written, wherever they stand in a line's fields. */
const secretPaths = [
  'token',
  'password',
  'secret',
  'authorization',
  '*.token',
  '*.password',
  '*.secret',
  '*.authorization',
];

export interface LogOptions {
  readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Default `info`. */
  readonly level?: string;
}

/** JSON lines, one a state change; readable lines where the stream is a terminal. */
export function createServerLog({ stream, level = 'info' }: LogOptions): ServerLog {
  const isTerminal = stream.isTTY === true;
  return pino(
    {
      level,
      messageKey: 'message',
      base: null,
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: levelWords[label] ?? label.toUpperCase() }) },
      redact: { paths: secretPaths, censor: '[secret]' },
    },
    isTerminal ? readable(stream) : stream,
  );
}

function readable(destination: NodeJS.WritableStream): DestinationStream {
  return prettyStream({
    destination,
    colorize: process.env['NO_COLOR'] === undefined,
    messageKey: 'message',
    timestampKey: 'timestamp',
    translateTime: 'HH:MM:ss.l',
    customLevels: 'DEBUG:20,INFO:30,WARNING:40,ERROR:50,CRITICAL:60',
    ignore: 'pid,hostname',
  });
}
