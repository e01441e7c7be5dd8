import {
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  Client,
  connectivityState,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { CodedError } from '@hotswap/protocol';
import type { Endpoint, EndpointEnd } from '../launch/endpoint.ts';
import { tokenField } from '../launch/handshake.ts';
import { deadlineIn } from '../deadline.ts';
import { fail } from '../errors.ts';

/** Larger messages are none: bodies and states come in parts. */
export const largestMessage = 4_194_304;

/** How long a broken connection waits for the exit that it usually is, in milliseconds. */
const exitWaitMs = 1_000;

const options = {
  'grpc.max_receive_message_length': largestMessage,
  'grpc.max_send_message_length': largestMessage,
  'grpc.enable_retries': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.ssl_target_name_override': 'localhost',
  'grpc.default_authority': 'localhost',
} as const;

/** Whoever follows a call, to give it up. */
export type Follow = (follower: { abort(reason: unknown): void }) => void;

/** Calls of one plugin. Every one fails with a coded error: of the plugin's end when that is why. */
export class PluginClient {
  readonly #plugin: string;
  readonly #client: Client;
  readonly #endpoint: Endpoint;
  readonly #metadata = new Metadata();
  #end: CodedError | undefined;

  constructor(plugin: string, endpoint: Endpoint) {
    this.#plugin = plugin;
    this.#endpoint = endpoint;
    if (endpoint.token !== undefined) this.#metadata.set(tokenField, endpoint.token);
    const { 'grpc.ssl_target_name_override': _override, 'grpc.default_authority': _authority, ...ofRemote } = options;
    this.#client = new Client(endpoint.address, endpoint.credentials, endpoint.isRemote ? ofRemote : options);
    void endpoint.exited.then((end) => this.#gone(end));
  }

  /** Waits for the connection. Rejects with GRPC_UNREACHABLE, or the plugin's end. */
  async ready(limitMs: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#client.waitForReady(Date.now() + limitMs, (error) => (error ? reject(error) : resolve()));
    const ended = this.#endpoint.exited.then((end): never => {
      throw this.#gone(end);
    });
    try {
      await Promise.race([promise, ended]);
    } catch (error) {
      if (this.#end !== undefined) throw this.#end;
      const reason = error instanceof Error ? error.message : String(error);
      const { address } = this.#endpoint;
      throw fail('GRPC_UNREACHABLE', { plugin: this.#plugin, address, reason }, { cause: error });
    }
  }

  /** Tells once that a connection that was there is lost. Only for a remote plugin: there it is the plugin's end. */
  onLost(tell: (end: CodedError) => void): void {
    const channel = this.#client.getChannel();
    const { READY, SHUTDOWN } = connectivityState;
    channel.watchConnectivityState(READY, Infinity, () => {
      if (channel.getConnectivityState(false) === SHUTDOWN || this.#end !== undefined) return;
      const detail = `its connection to ${this.#endpoint.address} was lost`;
      tell(this.#gone({ reason: 'exit', detail, exitCode: null, signal: null, lastLines: [] }));
    });
  }

  unary<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
    follow?: Follow,
  ): Promise<Response> {
    const { path, requestSerialize, responseDeserialize } = method;
    const { promise, answered } = this.#answerOf<Response>(path);
    const call = this.#client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      this.#metadata,
      {},
      answered,
    );
    follow?.(cancelling(call));
    return promise;
  }

  /** A call whose frames go both ways. What it fails with is to be explained by `explain`. */
  duplex<Request, Response>(method: MethodDefinition<Request, Response>): ClientDuplexStream<Request, Response> {
    const { path, requestSerialize, responseDeserialize } = method;
    return this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, this.#metadata, {});
  }

  /** A call that is answered in parts. */
  parts<Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
  ): ClientReadableStream<Response> {
    const { path, requestSerialize, responseDeserialize } = method;
    return this.#client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      this.#metadata,
      {},
    );
  }

  /** A call that is made of parts. */
  upload<Request, Response>(
    method: MethodDefinition<Request, Response>,
  ): { readonly call: ClientWritableStream<Request>; readonly answer: Promise<Response> } {
    const { path, requestSerialize, responseDeserialize } = method;
    const { promise: answer, answered } = this.#answerOf<Response>(path);
    const call = this.#client.makeClientStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      this.#metadata,
      {},
      answered,
    );
    call.on('error', () => {});
    return { call, answer };
  }

  /** What a failed call is: the plugin's end where it ended, else what gRPC says of it. */
  async explain(path: string, error: unknown): Promise<Error> {
    if (!isServiceError(error)) return error instanceof Error ? error : new Error(String(error));
    if (error.code === status.UNAVAILABLE || error.code === status.INTERNAL) await this.#endedSoon();
    if (this.#end !== undefined) return this.#end;
    const method = path.slice(path.lastIndexOf('/') + 1);
    const details = { plugin: this.#plugin, method, status: status[error.code], reason: error.details };
    return fail('GRPC_CALL_FAILED', details, { cause: error });
  }

  #answerOf<Response>(path: string): {
    readonly promise: Promise<Response>;
    readonly answered: (error: ServiceError | null, answer?: Response) => void;
  } {
    const { promise, resolve } = Promise.withResolvers<Response>();
    // A promise that follows another one: a failure is explained before it is told.
    const answered = (error: ServiceError | null, answer?: Response): void =>
      resolve(error === null && answer !== undefined ? answer : this.#failed(path, error));
    return { promise, answered };
  }

  async #failed(path: string, error: unknown): Promise<never> {
    throw await this.explain(path, error);
  }

  close(): void {
    this.#client.close();
  }

  #gone({ reason: cause, detail: reason, exitCode, signal, lastLines }: EndpointEnd): CodedError {
    const plugin = this.#plugin;
    this.#end ??= new CodedError({
      code: 'ISOLATE_EXITED',
      kind: 'plugin-fault',
      message: `the isolate of plugin ${plugin} ended: ${reason}; see hotswap plugin status ${plugin}`,
      details: { plugin, reason, cause, exitCode, signal, lastLines },
    });
    return this.#end;
  }

  /** The plugin's end, where it is known. */
  get end(): CodedError | undefined {
    return this.#end;
  }

  async #endedSoon(): Promise<void> {
    const { over, cancel } = deadlineIn(exitWaitMs);
    await Promise.race([this.#endpoint.exited, over]);
    cancel();
  }
}

/** Whether a failed call says that the plugin has no such method. */
export function isUnimplemented(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return isServiceError(cause) && cause.code === status.UNIMPLEMENTED;
}

function cancelling(call: ClientUnaryCall): { abort(): void } {
  return { abort: () => call.cancel() };
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error;
}
