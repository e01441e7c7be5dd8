import { parse } from 'es-module-lexer';
import type { Export, Import, Reexport } from 'es-module-lexer';
import { importName, metaName } from '../guest/compile.ts';

/** A module turned into the body of an async function. */
export interface RewrittenModule {
  /** Ends with `return` of the exports. Its first line holds the imports; the module's own lines follow unmoved. */
  readonly body: string;
  /** What it still imports by a literal name, statically or with `import()`. */
  readonly specifiers: readonly string[];
}

// `const __hs_d = ` is as long as `export default `.
const defaultName = '__hs_d';

const comments = /\/\*[^]*?\*\/|\/\/.*/g;
// A list of names between braces; strings and comments in it may hold a brace of their own.
const exportList = /export\s*\{(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\/\*[^]*?\*\/|\/\/.*|[^}"'/])*\}/y;
const exportDefault = /export\s+default(?![\w$])\s*/y;
const namelessDefault = /(?:async\s+)?function\s*\*?\s*(?=\()|class\s*(?=\{|extends\b)/y;
const exportDeclaration = /export\s+(?=(?:const|let|var|function|class|async)(?![\w$]))/y;

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Rewrites the imports, exports and `import.meta` of a bundled ES module, so that its text can be compiled as a function.
 *
 * Static imports move to the first line, as the language runs them before anything else.
 *
 * @throws SyntaxError when the text is no module that can be read
 */
export function rewriteModule(code: string): RewrittenModule {
  const [imports, exports] = parse(code);
  const edits = [...imports.map((found) => importEdit(code, found)), ...exportEdits(code, imports, exports)];
  const hoisted = imports.flatMap((found, index) => hoistedImport(code, found, index));
  // What `export *` brings comes first, so that the module's own names win.
  const returned = exports.toSorted((a, b) => rank(a) - rank(b)).map(returnedEntry);
  return {
    body: `${hoisted.join(' ')}\n${applyEdits(code, edits)}\nreturn { ${returned.join(', ')} };`,
    specifiers: [...new Set(imports.map(({ specifier }) => specifier).filter((name) => typeof name === 'string'))],
  };
}

/** Moves a source map down by the one line that `rewriteModule` adds on top. */
export function shiftSourceMap(map: string): string {
  // Inside a JSON string these quotes would be escaped, so only the key itself can match.
  return map.replace(/"mappings"\s*:\s*"/, (key) => `${key};`);
}

function importEdit(code: string, found: Import): Edit {
  const { importStart: start, importEnd: end } = found;
  if (found.type === 'import-meta') return { start, end, text: metaName };
  if (found.phase !== null) throw new SyntaxError(`import ${found.phase} is not supported`);
  if (found.type === 'dynamic') return { start, end: start + 'import'.length, text: importName };
  return { start, end, text: blank(code.slice(start, end)) };
}

function hoistedImport(code: string, found: Import, index: number): readonly string[] {
  if (found.type !== 'static' && found.type !== 'reexport-star') return [];
  const statement = code.slice(found.importStart, found.start);
  const local = `__hs_${index}`;
  const bindings = statement.startsWith('import') ? bindingsOf(statement, local) : '';
  return [`const ${local} = await ${importName}(${JSON.stringify(found.specifier)});${bindings}`];
}

/** The declarations for one import clause: `import d, { a as b } from` or `import d, * as n from`. */
function bindingsOf(statement: string, from: string): string {
  const words: readonly string[] =
    statement.replace(comments, ' ').match(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{}*,]|[^\s{}*,"']+/g) ?? [];
  const clause = words.slice(1, words.lastIndexOf('from'));
  const open = clause.indexOf('{');
  const outside = open < 0 ? clause : clause.slice(0, open);
  const star = outside.indexOf('*');
  const first = outside[0];
  const declarations = [
    ...(first !== undefined && first !== '*' ? [`{ default: ${first} } = ${from}`] : []),
    ...(star >= 0 ? [`${outside[star + 2]} = ${from}`] : []),
    ...(open >= 0 ? [`{ ${namedBindings(clause.slice(open + 1, clause.indexOf('}')))} } = ${from}`] : []),
  ];
  return declarations.length > 0 ? ` const ${declarations.join(', ')};` : '';
}

function namedBindings(words: readonly string[]): string {
  const entries = words.join(' ').split(',');
  return entries
    .map((entry) => entry.trim().split(' as '))
    .filter(([name]) => name !== '')
    .map(([name, alias]) => (alias === undefined ? name : `${name}: ${alias}`))
    .join(', ');
}

function exportEdits(code: string, imports: readonly Import[], exports: readonly Export[]): readonly Edit[] {
  // `export ... from` is also an import and is blanked as one; a list has one edit for all its names.
  const done = new Set(imports.map(({ importStart }) => importStart));
  return exports.flatMap((found) => {
    if (done.has(found.exportStart)) return [];
    done.add(found.exportStart);
    return exportStatementEdits(code, found);
  });
}

function exportStatementEdits(code: string, found: Export): readonly Edit[] {
  const start = found.exportStart;
  const plain = matchAt(exportList, code, start) ?? matchAt(exportDeclaration, code, start);
  if (plain !== undefined) return [{ start, end: start + plain.length, text: blank(plain) }];
  const keywords = matchAt(exportDefault, code, start);
  if (keywords === undefined) throw new SyntaxError(`cannot read ${JSON.stringify(code.slice(start, start + 40))}`);
  const end = start + keywords.length;
  if (localNameOf(found) !== defaultName) return [{ start, end, text: blank(keywords) }];
  const declaration = matchAt(namelessDefault, code, end);
  if (declaration === undefined) return [{ start, end, text: `const ${defaultName} = ` }];
  const nameAt = end + declaration.length;
  return [
    { start, end, text: blank(keywords) },
    { start: nameAt, end: nameAt, text: ` ${defaultName} ` },
  ];
}

function rank(found: Export): number {
  return found.type === 'reexport-all' ? 0 : 1;
}

function returnedEntry(found: Export): string {
  if (found.type === 'reexport-all') return `...(({ default: omitted, ...rest }) => rest)(__hs_${found.importIndex})`;
  const value = found.type === 'direct' ? localNameOf(found) : reexported(found);
  // A computed key also takes names that are no identifiers, and `__proto__`.
  return `[${JSON.stringify(found.name)}]: ${value}`;
}

function localNameOf(found: Export): string {
  // For `class extends Base` the lexer takes the keyword for the name.
  const name = found.type === 'direct' ? found.localName : undefined;
  return name === undefined || name === 'extends' ? defaultName : name;
}

function reexported({ importIndex, importName: name }: Reexport): string {
  return name === null ? `__hs_${importIndex}` : `__hs_${importIndex}[${JSON.stringify(name)}]`;
}

function matchAt(pattern: RegExp, code: string, index: number): string | undefined {
  const sticky = new RegExp(pattern);
  sticky.lastIndex = index;
  return sticky.exec(code)?.[0];
}

function applyEdits(code: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let position = 0;
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start)) {
    parts.push(code.slice(position, start), text);
    position = end;
  }
  // A function body may not begin with `#!`.
  return parts.join('').concat(code.slice(position)).replace(/^#!/, '//');
}

/** The same text with everything but line ends turned to space: lines and columns after it stay where they are. */
function blank(text: string): string {
  return text.replace(/[^\r\n\u2028\u2029]/g, ' ');
}
