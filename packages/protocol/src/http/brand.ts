/**
 * Whether a value is one of our classes, from any copy of this package, or the native class of the same name.
 * The native class is told by its tag: naming it would load it, which costs a worker five megabytes.
 */
export function isBranded(value: unknown, brand: symbol, nativeTag: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return brand in value || tagOf(value) === nativeTag;
}

/** The name a platform object carries, such as `Blob`, without loading the class of that name. */
export function tagOf(value: object): string | undefined {
  const tag: unknown = Reflect.get(value, Symbol.toStringTag);
  return typeof tag === 'string' ? tag : undefined;
}
