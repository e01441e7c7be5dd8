// The messages of proto/hotswap/plugin/v1/plugin.proto as this package handles them. Decoded ones have every field:
// what was not sent is empty. Of a `oneof` at most one member is there, named by the field of the oneof itself.

export interface Header {
  readonly name: string;
  readonly value: string;
}

export interface HttpRequestMessage {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly Header[];
  readonly body?: Uint8Array;
  readonly params?: Readonly<Record<string, string>>;
  readonly clientAddress?: string;
}

export interface HttpResponseMessage {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly body?: Uint8Array;
}

export interface ErrorMessage {
  readonly code: string;
  readonly kind: string;
  readonly message: string;
}

export interface InitializeRequest {
  readonly hostVersion: string;
  readonly plugin: string;
  readonly version: string;
  readonly generation: number;
  readonly config: Uint8Array;
  readonly isolation: string;
}

export interface StateTraitsMessage {
  readonly version: number;
  readonly oldest: number;
  readonly returnsTo: number;
}

export interface RegistrationMessage {
  readonly id: number;
  readonly route?: { readonly method: string; readonly path: string; readonly streams: boolean };
  readonly middleware?: {
    readonly paths: readonly string[];
    readonly priority: number;
    readonly readsRequest: boolean;
    readonly readsResponse: boolean;
  };
  readonly method?: { readonly name: string };
  readonly task?: { readonly name: string; readonly everyMs: number };
  readonly subscription?: { readonly event: string };
}

export interface InitializeResponse {
  readonly registrations: readonly RegistrationMessage[];
  readonly state?: StateTraitsMessage | null;
}

export interface HandleRequest {
  readonly registration: number;
  readonly requestId: string;
  readonly tenant: string;
  readonly http?: HttpRequestMessage;
  readonly json?: Uint8Array;
}

export interface HandleResponse {
  readonly http?: HttpResponseMessage;
  readonly json?: Uint8Array;
  readonly error?: ErrorMessage;
}

export interface CallFrame {
  readonly open?: HandleRequest;
  readonly chunk?: Uint8Array;
  readonly end?: boolean;
  readonly answered?: HttpResponseMessage;
}

export interface AnswerFrame {
  readonly head?: HttpResponseMessage;
  readonly chunk?: Uint8Array;
  readonly end?: boolean;
  readonly next?: { readonly headers: readonly Header[]; readonly unchanged: boolean };
  readonly pass?: HttpResponseMessage;
  readonly error?: ErrorMessage;
}

export interface HealthCheckResponse {
  readonly healthy: boolean;
  readonly reason: string;
}

export interface StateChunk {
  readonly schemaVersion?: number;
  readonly data: Uint8Array;
  readonly rehearse?: boolean;
}

export interface ServingStatus {
  readonly status: string;
}

export interface StdioData {
  readonly channel: string;
  readonly data: Uint8Array;
}
