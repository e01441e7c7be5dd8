import { pino } from 'pino';
import type { DestinationStream } from 'pino';
import type { LogFields, Logger } from '@hotswap/sdk';

/** What the runtime logs through: pino, or anything with these five methods of it. */
export interface HostLogger extends Logger {
  /** A logger whose lines all carry `bindings`. */
  child(bindings: LogFields): HostLogger;
}

export interface LoggerOptions {
  /** The least level that is written; default `warn`. */
  readonly level?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Where lines go; default standard error. */
  readonly destination?: DestinationStream;
  /** Fields of every line, such as `environment`. */
  readonly bindings?: LogFields;
}

const levelNames: Readonly<Record<string, string>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  info: 'INFO',
  warn: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
};

/** Makes the logger of a runtime: one line of JSON for each event, with the field names that operators are promised. */
export function createLogger(options: LoggerOptions = {}): HostLogger {
  const { level = 'warn', destination = pino.destination(2), bindings = {} } = options;
  return pino(
    {
      level,
      base: bindings,
      messageKey: 'message',
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: levelNames[label] ?? label.toUpperCase() }) },
      serializers: { err: errorAsFields, error: errorAsFields },
      hooks: {
        logMethod(line, method) {
          const [first, second] = line as readonly unknown[];
          // `msg` is promised as another name of `message`.
          if (typeof first === 'string') method.call(this, { msg: first }, first);
          else if (first instanceof Error) method.call(this, { err: first, msg: first.message }, first.message);
          else method.call(this, { ...(first as object), msg: second }, String(second));
        },
      },
    },
    destination,
  );
}

/** An error with its type and stack; one that is data already, as in a report, stays what it is. */
function errorAsFields(value: unknown): unknown {
  return value instanceof Error ? pino.stdSerializers.err(value) : value;
}
