import type { LogFields, Logger, LogLine } from '@hotswap/sdk';
import { messageOf } from '@hotswap/protocol';
import type { Channel } from '../../channel/channel.ts';
import type { Note } from '../../channel/messages.ts';

/** Log lines and measurements on their way to the host: those of one turn cross together. */
export class Outbox {
  readonly #channel: Channel;
  #notes: Note[] = [];

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  add(note: Note): void {
    if (this.#notes.push(note) === 1) queueMicrotask(() => this.flush());
  }

  /** Sends what waits; called also before anything that should not overtake it. */
  flush(): void {
    const notes = this.#notes;
    if (notes.length === 0) return;
    this.#notes = [];
    try {
      this.#channel.tell(['notes', notes]);
    } catch {
      // Some field cannot cross; the line is worth more than that field.
      this.#channel.tell(['notes', notes.map(withPlainFields)]);
    }
  }
}

/** A logger whose lines are written by the host. */
export function remoteLogger(outbox: Outbox): Logger {
  const line =
    (level: keyof Logger): LogLine =>
    (fields: LogFields | string, message?: string) => {
      if (typeof fields === 'string') outbox.add(['log', level, fields, undefined]);
      else outbox.add(['log', level, message ?? '', fields]);
    };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

function withPlainFields(note: Note): Note {
  if (note[0] !== 'log' || note[3] === undefined) return note;
  const fields = Object.entries(note[3]).map(([name, value]) => [name, plain(value)] as const);
  return ['log', note[1], note[2], Object.fromEntries(fields)];
}

/** As a log would write it: what has no JSON is told by its text. */
function plain(value: unknown): unknown {
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack };
  try {
    const text = JSON.stringify(value);
    return text === undefined ? String(value) : (JSON.parse(text) as unknown);
  } catch (error) {
    return messageOf(error);
  }
}
