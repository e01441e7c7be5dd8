/** How deep a document may nest: what is read here is flat. */
const maxDepth = 16;

/**
 * Parses JSON that decides whom to trust. A key that is there twice is refused: readers differ in which of the two they
 * take, and what one has checked another would use.
 *
 * @throws SyntaxError
 */
export function parseStrictJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  refuseDoubt(text);
  return value;
}

/** A walk over a text that is known to be JSON: only its keys and its depth are looked at. */
function refuseDoubt(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g;
  for (let token = tokens.exec(text); token !== null; token = tokens.exec(text)) {
    const [found] = token;
    if (found === '{' || found === '[') open.push(found === '{' ? new Set() : undefined);
    else if (found === '}' || found === ']') open.pop();
    else noteKey(open.at(-1), text, { token: found, end: tokens.lastIndex });
    if (open.length > maxDepth) throw new SyntaxError(`it nests deeper than ${maxDepth}`);
  }
}

function noteKey(
  keys: Set<string> | undefined,
  text: string,
  string: { readonly token: string; readonly end: number },
): void {
  const colon = /\s*:/y;
  colon.lastIndex = string.end;
  if (keys === undefined || !colon.test(text)) return;
  const key = String(JSON.parse(string.token));
  if (keys.has(key)) throw new SyntaxError(`it has the key ${JSON.stringify(key.slice(0, 40))} twice`);
  keys.add(key);
}

/** A value as an object whose fields can be looked at; undefined for anything else. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : undefined;
}
