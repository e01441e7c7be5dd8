const mark = Symbol.for('hotswap.generation-ended');

/** Why work of a generation that is over was given up: an `AbortError`, so that libraries take it for what it is. */
export function generationEnded(message: string): DOMException {
  return Object.defineProperty(new DOMException(message, 'AbortError'), mark, { value: true });
}

/** Whether something failed only because its generation had ended, at first or at second hand. */
export function isGenerationEnded(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  return mark in error || ('cause' in error && isGenerationEnded(error.cause));
}
