/** Calls back when the time is over. @returns what calls it off */
export function endAfter(ms: number, isOver: () => void): () => void {
  const timer = setTimeout(isOver, ms);
  return () => clearTimeout(timer);
}
