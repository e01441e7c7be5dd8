import { createLogger } from '@hotswap/runtime';
import type { HostLogger } from '@hotswap/runtime';

type LogFields = Readonly<Record<string, unknown>>;
import { build as readableStream } from 'pino-pretty';

/** How much is written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** Where and how much to log. */
export interface LogOptions {
  readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** A word of `LogLevel`; anything else means `info`. */
  readonly level?: string | undefined;
  readonly hasColor?: boolean;
}

/** The log of the process: JSON lines, one a state change; readable lines where the stream is a terminal. */
export function createServerLog({ stream, level, hasColor = true }: LogOptions): HostLogger {
  return createLogger({
    level: levels.find((known) => known === level?.toLowerCase()) ?? 'info',
    destination: stream.isTTY === true ? readable(stream, hasColor) : stream,
  });
}

function readable(destination: NodeJS.WritableStream, colorize: boolean): NodeJS.WritableStream {
  return readableStream({
    destination,
    colorize,
    messageKey: 'message',
    timestampKey: 'timestamp',
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'msg',
    customLevels: 'DEBUG:20,INFO:30,WARNING:40,ERROR:50,CRITICAL:60',
    useOnlyCustomProps: false,
  });
}

/**
 * The same log without the lines about changes of plugins, for servers that show changes in their own way.
 * What plugins themselves log is untouched.
 */
export function withoutChanges(log: HostLogger): HostLogger {
  const isChange = (fields: object): boolean => 'operation_id' in fields || ('from' in fields && 'to' in fields);
  const unlessChange = (level: 'debug' | 'info' | 'warn' | 'error'): HostLogger['info'] => {
    return (first: string | LogFields, message = ''): void => {
      if (typeof first === 'string') log[level](first);
      else if (!isChange(first)) log[level](first, String(message));
    };
  };
  return {
    debug: unlessChange('debug'),
    info: unlessChange('info'),
    warn: unlessChange('warn'),
    error: unlessChange('error'),
    child: (bindings) => log.child(bindings),
  };
}
