import type { Socket } from 'node:net';

/** How a wait for the beginning of a stream ended. */
export type Beginning<Verdict> =
  | { readonly kind: 'judged'; readonly verdict: Verdict }
  | { readonly kind: 'ended'; readonly bytes: Buffer }
  | { readonly kind: 'late' }
  | { readonly kind: 'closed' };

export interface BeginningOptions<Verdict> {
  /** Asked with all that has come so far; `undefined`: more is needed. It has to come to an end by itself. */
  readonly judge: (bytes: Buffer) => { readonly verdict: Verdict; readonly consumed: number } | undefined;
  /** Milliseconds that the wait may take. */
  readonly limitMs: number;
  /** When the limit begins to count: now, or with the first byte. */
  readonly countFrom: 'now' | 'first-byte';
}

/**
 * Waits until what a socket begins with can be judged. What the judge did not consume is in the socket again after, which
 * is left without a reader. Never rejects.
 */
export function readBeginning<Verdict>(
  socket: Socket,
  { judge, limitMs, countFrom }: BeginningOptions<Verdict>,
): Promise<Beginning<Verdict>> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    let limit = countFrom === 'now' ? AbortSignal.timeout(limitMs) : undefined;
    limit?.addEventListener('abort', onLate);
    socket.on('readable', onReadable).on('end', onEnd).on('close', onClose);
    if (socket.destroyed) onClose();
    else if (socket.readableEnded) onEnd();
    else onReadable();

    function onReadable(): void {
      for (let chunk = readFrom(socket); chunk !== null; chunk = readFrom(socket)) {
        if (limit === undefined) {
          limit = AbortSignal.timeout(limitMs);
          limit.addEventListener('abort', onLate);
        }
        bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
        const judged = judge(bytes);
        if (judged === undefined) continue;
        settle({ kind: 'judged', verdict: judged.verdict });
        if (judged.consumed < bytes.length) socket.unshift(bytes.subarray(judged.consumed));
        return;
      }
    }
    function onEnd(): void {
      settle({ kind: 'ended', bytes });
    }
    function onLate(): void {
      settle({ kind: 'late' });
    }
    function onClose(): void {
      settle({ kind: 'closed' });
    }
    function settle(beginning: Beginning<Verdict>): void {
      limit?.removeEventListener('abort', onLate);
      socket.off('readable', onReadable).off('end', onEnd).off('close', onClose);
      resolve(beginning);
    }
  });
}

function readFrom(socket: Socket): Buffer | null {
  return socket.read() as Buffer | null;
}
