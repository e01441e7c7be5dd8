import type { IncomingMessage, ServerResponse } from 'node:http';
import { fail } from '../errors.ts';
import type { Client } from './guard.ts';
import type { Management } from './management.ts';

/** What Express and its kin add to a request. */
interface ConnectRequest extends IncomingMessage {
  readonly baseUrl?: string;
  readonly body?: unknown;
  readonly rawBody?: unknown;
}

export type ConnectMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/**
 * Management as middleware for Express and Connect, or as a bare node:http listener.
 *
 * Mounted at a path that ends in `/plugins` it answers the endpoints below; mounted without a path, all of them.
 *
 * @example
 * app.use('/plugins', toConnect(management));
 */
export function toConnect(management: Management): ConnectMiddleware {
  return (request, response, next = (error) => endUnanswered(response, error)) => {
    const path = managementPath(request);
    if (!management.owns(path)) return next();
    void answer({ management, request, response, path, next });
  };
}

interface Visit {
  readonly management: Management;
  readonly request: ConnectRequest;
  readonly response: ServerResponse;
  readonly path: string;
  readonly next: (error?: unknown) => void;
}

/** Never rejects: what fails here is the host's error handler's to answer. */
async function answer({ management, request, response, path, next }: Visit): Promise<void> {
  try {
    const answered = await management.handle(toFetchRequest(request), path, clientOf(request));
    if (answered) await send(response, answered);
  } catch (error) {
    next(error);
  }
}

async function send(response: ServerResponse, answered: Response): Promise<void> {
  const headers: Record<string, string> = Object.fromEntries(answered.headers);
  // The rest of a body that is too large is not worth reading: the connection ends with the answer.
  if (answered.status === 413) headers['connection'] = 'close';
  const bytes = Buffer.from(await answered.arrayBuffer());
  response.writeHead(answered.status, { ...headers, 'content-length': bytes.byteLength });
  response.end(bytes);
}

/** The path from `/plugins` on, however deep the middleware is mounted. */
function managementPath({ baseUrl = '', url = '/' }: ConnectRequest): string {
  const path = url.split('?', 1)[0] ?? '/';
  return baseUrl.endsWith('/plugins') ? `/plugins${path === '/' ? '' : path}` : path;
}

function toFetchRequest(request: ConnectRequest): Request {
  const { method = 'GET', url = '/' } = request;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  return new Request(URL.parse(url, 'http://localhost') ?? 'http://localhost/', {
    // The fetch standard forbids TRACE; no endpoint has either, so the answer is the same.
    method: method === 'TRACE' ? 'OPTIONS' : method,
    headers: headersOf(request),
    ...(hasBody && { body: bodyOf(request), duplex: 'half' }),
  });
}

function headersOf({ rawHeaders }: IncomingMessage): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    pairs.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '']);
  }
  return pairs;
}

/** A body parser that ran first has taken the stream; what it left says the same. */
function bodyOf(request: ConnectRequest): NonNullable<RequestInit['body']> {
  if (!request.readableDidRead) return ReadableStream.from(request.iterator({ destroyOnReturn: false }));
  const { rawBody, body } = request;
  if (typeof rawBody === 'string' || rawBody instanceof Uint8Array) return new Uint8Array(Buffer.from(rawBody));
  if (typeof body === 'object' && body !== null) return JSON.stringify(body);
  // An error that arrives where the body is read becomes an answer like every other.
  return new ReadableStream({ start: (stream) => stream.error(fail('MANAGEMENT_BODY_ALREADY_READ')) });
}

function clientOf({ socket }: IncomingMessage): Client {
  const { remoteAddress = '', localAddress } = socket;
  return { address: remoteAddress, ...(localAddress !== undefined && { localAddress }) };
}

/** Without a host behind it, an unknown path ends here. */
function endUnanswered(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(error === undefined ? 404 : 500, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ status: 'error', message: error === undefined ? 'not found' : 'request failed' }));
}
