const earliestMs = 500;
const spreadMs = 2_000;

/** Milliseconds after which one of many clients shall come back: each is told another moment, so that they do not come as one. */
export function retryAfterMs(): number {
  return earliestMs + Math.floor(Math.random() * spreadMs);
}
