/** Structured fields of one log line. */
export type LogFields = Readonly<Record<string, unknown>>;

/** One level of a logger: fields and a message in the past tense, or a message alone. */
export interface LogLine {
  (fields: LogFields, message: string): void;
  (message: string): void;
}

/** Writes to the host's log. Plugin name, version, generation and, inside a request, the request id are added. */
export interface Logger {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
}
