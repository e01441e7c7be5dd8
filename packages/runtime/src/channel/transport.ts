/**
 * Carries messages between the two sides of an isolation boundary, whole and in the order in which they were sent.
 * What is sent must be what `structuredClone` takes. Nothing here answers, retries or times out: the channel does.
 */
export interface Transport {
  /** @param transfer buffers that move instead of being copied; the sender may not use them afterwards */
  send(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** Set once, before the first message can arrive. */
  onMessage: ((message: unknown) => void) | undefined;
  /** Nothing more will arrive, and what is sent is dropped. Called at most once. */
  onClose: (() => void) | undefined;
  close(): void;
}
