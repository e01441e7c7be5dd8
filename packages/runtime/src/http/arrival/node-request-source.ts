import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { fieldValue } from '@hotswap/protocol/http';
import type { RequestSource } from '@hotswap/protocol/http';
import { announcedLength, forwardedClient, routedTarget, withoutProxyFields } from './arriving-fields.ts';
import { NodeRequestBody } from './node-request-body.ts';
import type { TrustsAddress } from './trusted-proxies.ts';

/** What all requests of one listener have in common. */
export interface Edge {
  readonly maxBodyBytes: number;
  readonly trusts: TrustsAddress;
  readonly nextRequestId: () => string;
}

const safeId = /^[\w.:-]{1,128}$/;
const safeHost = /^[\w.\-:[\]]+$/;

/** A request as Node hands it over. Nothing is worked out before somebody asks. */
export class NodeRequestSource implements RequestSource {
  readonly body: NodeRequestBody | undefined;
  readonly #request: IncomingMessage;
  readonly #edge: Edge;
  #fields: readonly string[] | undefined;
  #isTrusted: boolean | undefined;
  #requestId: string | undefined;
  #controller: AbortController | undefined;
  #abortReason: unknown;

  constructor(request: IncomingMessage, response: ServerResponse, edge: Edge, awaitsContinue: boolean) {
    this.#request = request;
    this.#edge = edge;
    const length = announcedLength(request.rawHeaders);
    this.body =
      length === 0
        ? undefined
        : new NodeRequestBody(request, {
            length: length < 0 ? undefined : length,
            limit: edge.maxBodyBytes,
            proceed: awaitsContinue ? () => response.writeContinue() : undefined,
          });
  }

  get method(): string {
    return this.#request.method ?? 'GET';
  }

  get target(): string {
    return routedTarget(this.#request.url ?? '/');
  }

  get origin(): string {
    const { url = '' } = this.#request;
    if (!url.startsWith('/') && URL.canParse(url)) return new URL(url).origin;
    const forwardedProto = this.#forwarded('x-forwarded-proto');
    const isSecure = this.#request.socket instanceof TLSSocket;
    const scheme =
      forwardedProto === 'https' || forwardedProto === 'http' ? forwardedProto : isSecure ? 'https' : 'http';
    const host = this.#forwarded('x-forwarded-host') ?? fieldValue(this.#request.rawHeaders, 'host') ?? '';
    // A host that is none must not smuggle a path or a query into the address that plugins read.
    return `${scheme}://${safeHost.test(host) ? host : 'localhost'}`;
  }

  get rawHeaders(): readonly string[] {
    if (this.#fields === undefined) {
      const stripped = withoutProxyFields(this.#request.rawHeaders);
      this.#fields = stripped !== this.#request.rawHeaders && this.#trusted ? this.#request.rawHeaders : stripped;
    }
    return this.#fields;
  }

  get requestId(): string {
    if (this.#requestId === undefined) {
      const given = fieldValue(this.#request.rawHeaders, 'x-request-id');
      this.#requestId = given !== null && safeId.test(given) && this.#trusted ? given : this.#edge.nextRequestId();
    }
    return this.#requestId;
  }

  get remoteAddress(): string | undefined {
    const peer = this.#request.socket.remoteAddress;
    const chain = this.#trusted ? fieldValue(this.#request.rawHeaders, 'x-forwarded-for') : null;
    return chain === null ? peer : (forwardedClient(chain, this.#edge.trusts) ?? peer);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  limitBody(bytes: number): void {
    this.body?.lowerLimit(bytes);
  }

  /** The client left: aborts the signal, also one that is only made later. */
  abort(reason: unknown): void {
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }

  get #trusted(): boolean {
    this.#isTrusted ??= this.#edge.trusts(this.#request.socket.remoteAddress);
    return this.#isTrusted;
  }

  #forwarded(name: string): string | undefined {
    const value = this.#trusted ? fieldValue(this.#request.rawHeaders, name) : null;
    return value?.split(',')[0]?.trim();
  }
}
