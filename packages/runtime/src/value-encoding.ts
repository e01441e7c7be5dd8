// Node's own encoder. Its module is loaded with the first value: it costs a thread 0.2 MB, which most plugins never need.

/** A value in Node's encoding: anything `structuredClone` copies. Throws for what it does not. */
export function serialize(value: unknown): Uint8Array {
  return process.getBuiltinModule('node:v8').serialize(value);
}

/** The value again. Never for bytes that another plugin, or anybody outside, wrote. */
export function deserialize(bytes: Uint8Array): unknown {
  return process.getBuiltinModule('node:v8').deserialize(bytes);
}
