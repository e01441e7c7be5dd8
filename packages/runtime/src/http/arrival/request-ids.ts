import { randomBytes } from 'node:crypto';

/** Makes ids that no other process makes: a random part for the process, and a counter. */
export function createRequestIds(prefix: string = randomBytes(6).toString('base64url')): () => string {
  let count = 0;
  return () => `${prefix}-${(count++).toString(36)}`;
}
