const chunked = -1;

/** How long the body is that header fields announce: bytes, 0 for none, -1 when only its end will tell. */
export function announcedLength(rawHeaders: readonly string[]): number {
  let length = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') return chunked;
    if (name.length === 14 && name.toLowerCase() === 'content-length') length = Number(rawHeaders[i + 1]);
  }
  return length;
}

/** The fields without those that only a trusted proxy may set. The same list when there are none of them. */
export function withoutProxyFields(rawHeaders: readonly string[]): readonly string[] {
  let kept: string[] | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (isProxyField(name)) kept ??= rawHeaders.slice(0, i);
    else kept?.push(name, rawHeaders[i + 1] ?? '');
  }
  return kept ?? rawHeaders;
}

function isProxyField(name: string): boolean {
  const first = name.charCodeAt(0) | 0x20;
  if (first === 0x66) return name.length === 9 && name.toLowerCase() === 'forwarded';
  // All others begin with "x-".
  if (first !== 0x78 || name.charCodeAt(1) !== 0x2d) return false;
  const lower = name.toLowerCase();
  return lower.startsWith('x-forwarded-') || lower === 'x-tenant-id' || lower === 'x-plugin-version';
}

/** The client that a chain of trusted proxies names: the last address that is none of theirs. */
export function forwardedClient(chain: string, trusts: (address: string) => boolean): string | undefined {
  const addresses = chain.split(',').map((address) => address.trim());
  return addresses.findLast((address) => !trusts(address)) ?? addresses[0];
}

const climbing = /\\|\/(?:\.|%2e)/i;

/**
 * Path and query as they are routed. Dot segments are resolved, so that what the router reads and what
 * `new URL(request.url)` says are the same path.
 */
export function routedTarget(url: string): string {
  if (url.charCodeAt(0) === 0x2f && !climbing.test(url)) return url;
  const absolute = url.startsWith('/') ? `http://localhost${url}` : url;
  if (!URL.canParse(absolute)) return '/';
  const { pathname, search } = new URL(absolute);
  return pathname + search;
}
