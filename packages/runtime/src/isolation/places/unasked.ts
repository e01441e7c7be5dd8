/** A place that has sent so many messages beyond its due is ended. */
export const mostUnasked = 20_000;
/** What a place may send for each message it was sent, and what it may send of its own in a second. */
const answersEach = 4;
const unaskedPerSecond = 5_000;

/** What a place has sent beyond its due, counted on: it shrinks with time. */
export function countUnasked(
  before: number,
  passed: { readonly ms: number; readonly taken: number; readonly sent: number },
): number {
  const { ms, taken, sent } = passed;
  return Math.max(0, before + taken - answersEach * sent - (unaskedPerSecond * ms) / 1_000);
}
