import { RE2JS } from 're2js';

/** A compiled `pattern` of a schema. */
export interface LinearPattern {
  test(text: string): boolean;
  /** The pattern itself: ajv tells compiled patterns apart by it. */
  toString(): string;
}

/**
 * Compiles the regular expression of a schema so that matching takes time linear in the text.
 *
 * A plugin wrote the pattern, and a backtracking engine could be kept busy with it for ever. Look-ahead,
 * look-behind and back-references do not exist here; a pattern with one throws.
 */
export function linearPattern(pattern: string): LinearPattern {
  const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
  return { test: (text) => compiled.test(text), toString: () => pattern };
}
