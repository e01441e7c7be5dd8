import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { BodyPayload } from '@hotswap/protocol/http';
import { chunksOf } from './body-chunks.ts';
import type { AnswerFrame, CallFrame, HttpResponseMessage } from '../wire/messages.ts';
import { fail } from '../errors.ts';

/** What stands where an answer begins. */
export type Verdict = AnswerFrame & { readonly chunk?: never; readonly end?: never };

/** One call of HandleStream, from the host's side: bodies go as fast as whoever reads them, and no faster. */
export class CallStream {
  readonly #plugin: string;
  readonly #call: ClientDuplexStream<CallFrame, AnswerFrame>;
  readonly #frames: AsyncIterator<AnswerFrame>;
  readonly #explain: (error: unknown) => Promise<Error>;
  /** The body that follows `next`: settled when whoever it was given to has done with it. */
  #handedOn: { isOpened: boolean; isWhole: boolean; readonly done: PromiseWithResolvers<void> } | undefined;

  constructor(
    plugin: string,
    call: ClientDuplexStream<CallFrame, AnswerFrame>,
    explain: (error: unknown) => Promise<Error>,
  ) {
    this.#plugin = plugin;
    this.#call = call;
    this.#explain = explain;
    // Told to whoever reads a frame; a call that nobody reads any more is over anyhow.
    call.on('error', () => {});
    this.#frames = call[Symbol.asyncIterator]();
  }

  /** Gives the call up. */
  abort(): void {
    this.#call.cancel();
  }

  send(frame: CallFrame): void {
    this.#call.write(frame);
  }

  /** The host has nothing more to say. */
  finish(): void {
    this.#call.end();
  }

  /** Sends a body in parts, and its end. What the source fails with ends the call. */
  async sendBody(body: BodyPayload | null): Promise<void> {
    try {
      for await (const chunk of chunksOf(body)) {
        if (this.#call.destroyed || this.#call.closed) return;
        if (!this.#call.write({ chunk })) await roomIn(this.#call);
      }
      this.send({ end: true });
    } catch (error) {
      this.abort();
      throw error;
    }
  }

  /** What the plugin decides: an answer's head, `next`, `pass` or an error. What is left of a body before it is dropped. */
  async verdict(): Promise<Verdict> {
    const handed = this.#handedOn;
    if (handed?.isOpened) await handed.done.promise;
    for (;;) {
      const frame = await this.#read();
      if (frame === undefined) throw this.#invalid('the end of a call before its answer');
      const isOfBody = frame.chunk !== undefined || frame.end !== undefined;
      if (!isOfBody) return frame as Verdict;
      if (handed === undefined || handed.isWhole) throw this.#invalid('a part of a body before its head');
      if (frame.end !== undefined) handed.isWhole = true;
    }
  }

  /** The body that follows `next`, for whoever is next. */
  handOn(): AsyncIterable<Uint8Array> {
    const handed = { isOpened: false, isWhole: false, done: Promise.withResolvers<void>() };
    this.#handedOn = handed;
    return { [Symbol.asyncIterator]: () => this.#handedParts(handed) };
  }

  async *#handedParts(handed: {
    isOpened: boolean;
    isWhole: boolean;
    readonly done: PromiseWithResolvers<void>;
  }): AsyncGenerator<Uint8Array> {
    handed.isOpened = true;
    try {
      for (;;) {
        const frame = await this.#read();
        if (frame?.end !== undefined) {
          handed.isWhole = true;
          return;
        }
        yield this.#chunkOf(frame);
      }
    } finally {
      handed.done.resolve();
    }
  }

  /** The body of the plugin's answer, up to the end of the call. Giving it up gives the call up. */
  async *body(): AsyncGenerator<Uint8Array> {
    let isWhole = false;
    try {
      for (;;) {
        const frame = await this.#read();
        if (frame === undefined) {
          isWhole = true;
          return;
        }
        yield this.#chunkOf(frame);
      }
    } finally {
      if (!isWhole) this.abort();
    }
  }

  /** Lets a call end whose answer has no body. */
  async finishUnread(): Promise<void> {
    try {
      const frame = await this.#read();
      if (frame !== undefined) this.abort();
    } catch {
      // The answer is complete: how the call ended after it makes no difference.
    }
  }

  #chunkOf(frame: AnswerFrame | undefined): Uint8Array {
    if (frame?.chunk !== undefined) return frame.chunk;
    throw this.#invalid(frame === undefined ? 'the end of a call within a body' : 'another frame within a body');
  }

  async #read(): Promise<AnswerFrame | undefined> {
    try {
      const { done, value } = await this.#frames.next();
      return done === true ? undefined : value;
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  #invalid(problem: string): Error {
    this.abort();
    return fail('GRPC_MESSAGE_INVALID', { plugin: this.#plugin, problem });
  }
}

/** An answer's head without its body, as it crosses. */
export function answeredHead(response: {
  readonly status: number;
  readonly headers: HttpResponseMessage['headers'];
}): HttpResponseMessage {
  return { status: response.status, headers: response.headers };
}

/** Waits until more may be written, or the call is over. */
function roomIn(call: ClientDuplexStream<CallFrame, AnswerFrame>): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      for (const event of ['drain', 'status', 'close', 'error']) call.removeListener(event, over);
      resolve();
    };
    for (const event of ['drain', 'status', 'close', 'error']) call.once(event, over);
  });
}
