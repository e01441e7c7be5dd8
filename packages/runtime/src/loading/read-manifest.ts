import { hotswapVersion, manifestSchema, messageOf, parseDuration, parseSize } from '@hotswap/protocol';
import type { ExecutableField, HotswapField, PluginManifest } from '@hotswap/protocol';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { parse, satisfies, validRange } from 'semver';
import { fail } from '../errors.ts';

/** One thing wrong with a manifest: which field, and what to do about it. */
export interface ManifestProblem {
  /** Dotted, as in `hotswap.limits.maxBody`; empty for the whole file. */
  readonly path: string;
  readonly message: string;
}

/** A `package.json` that the schema has accepted. */
interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly author?: string | { readonly name: string };
  readonly license?: string;
  readonly keywords?: readonly string[];
  readonly engines: { readonly hotswap: string };
  readonly main?: string;
  readonly hotswap?: HotswapField;
}

/**
 * Reads and checks the manifest in a parsed `package.json`, naming every problem at once.
 *
 * @param where the file's path or the archive's, for messages
 * @throws MANIFEST_INVALID with `details.problems`, ENGINE_UNSATISFIED
 */
export function readManifest(json: unknown, where: string): PluginManifest {
  const shape = shapeProblems(json);
  const problems = shape.length > 0 ? shape : meaningProblems(json as PackageJson);
  if (problems.length > 0) {
    const summary = problems.map(({ path, message }) => `${path || 'the file'} ${message}`).join('; ');
    throw fail('MANIFEST_INVALID', { where, summary, problems });
  }
  const manifest = toManifest(json as PackageJson);
  if (!satisfies(hotswapVersion, manifest.engines.hotswap, { includePrerelease: true })) {
    const { name: plugin, engines } = manifest;
    throw fail('ENGINE_UNSATISFIED', { plugin, range: engines.hotswap, running: hotswapVersion, where });
  }
  return manifest;
}

/** The manifest of a plugin that has none: a single file, or a definition in memory. */
export function defaultManifest(name: string, version: string, main: string): PluginManifest {
  return { name, version, description: '', engines: { hotswap: '^1.0.0' }, main };
}

function toManifest(json: PackageJson): PluginManifest {
  const author = typeof json.author === 'object' ? json.author.name : json.author;
  return {
    ...json.hotswap,
    name: json.name,
    version: json.version,
    description: json.description ?? '',
    engines: { hotswap: json.engines.hotswap },
    main: json.main ?? './index.js',
    ...(author !== undefined && { author }),
    ...(json.license !== undefined && { license: json.license }),
    ...(json.keywords !== undefined && { keywords: json.keywords }),
  };
}

let compiledSchema: ValidateFunction | undefined;

function shapeProblems(json: unknown): readonly ManifestProblem[] {
  // Compiled on first use: a host that loads no plugins pays nothing.
  compiledSchema ??= new Ajv2020({ allErrors: true, verbose: true }).compile(manifestSchema);
  if (compiledSchema(json)) return [];
  return (compiledSchema.errors ?? []).filter(isCause).map(explain);
}

/** `anyOf` and `propertyNames` report themselves beside what failed inside them; one of the two is enough. */
function isCause({ keyword, schemaPath }: ErrorObject): boolean {
  return keyword !== 'propertyNames' && (keyword === 'anyOf' || !schemaPath.includes('/anyOf/'));
}

function explain(error: ErrorObject): ManifestProblem {
  const path = error.instancePath.slice(1).replaceAll('~1', '/').split('/').join('.');
  const field = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const { keyword, params } = error;
  switch (keyword) {
    case 'required':
      return {
        path: field(String(params['missingProperty'])),
        message: `is missing${exampleOf(params['missingProperty'])}`,
      };
    case 'additionalProperties':
      return {
        path: field(String(params['additionalProperty'])),
        message: `is not a field of ${path}; its fields are ${Object.keys(error.parentSchema?.['properties'] ?? {}).join(', ')}`,
      };
    case 'enum':
      return { path, message: `is ${JSON.stringify(error.data)}; use one of ${params['allowedValues'].join(', ')}` };
    case 'pattern':
      return {
        path: error.propertyName === undefined ? path : field(error.propertyName),
        message:
          'is not a plugin name; use lower-case letters, digits and dashes, at most 64, with an optional @scope/',
      };
    case 'not':
      return { path, message: `${JSON.stringify(error.data)} is a reserved name; choose another` };
    case 'anyOf':
      return { path, message: 'must be a text or an object of the form the schema describes' };
    default:
      return { path, message: error.message ?? 'is not valid' };
  }
}

function exampleOf(field: unknown): string {
  const examples: Readonly<Record<string, string>> = { hotswap: '^1.0.0', version: '1.0.0', name: 'my-plugin' };
  const example = examples[String(field)];
  return example === undefined ? '' : `; write for example "${example}"`;
}

function meaningProblems(json: PackageJson): readonly ManifestProblem[] {
  const { dependencies = {}, limits = {}, health = {}, recovery = {}, executable } = json.hotswap ?? {};
  const { backoff = {}, faults = {}, breaker = {} } = recovery;
  const found: (ManifestProblem | undefined)[] = [
    isStrictVersion(json.version)
      ? undefined
      : { path: 'version', message: `is ${JSON.stringify(json.version)}; write a full version such as 1.2.0` },
    engineProblem(json.engines.hotswap),
    executable && executableProblem(executable),
    readsAs(parseDuration, 'hotswap.limits.callTimeout', limits.callTimeout),
    readsAs(parseSize, 'hotswap.limits.maxBody', limits.maxBody),
    readsAs(parseDuration, 'hotswap.health.interval', health.interval),
    readsAs(parseDuration, 'hotswap.recovery.within', recovery.within),
    readsAs(parseDuration, 'hotswap.recovery.backoff.from', backoff.from),
    readsAs(parseDuration, 'hotswap.recovery.backoff.to', backoff.to),
    readsAs(parseDuration, 'hotswap.recovery.faults.within', faults.within),
    readsAs(parseDuration, 'hotswap.recovery.breaker.window', breaker.window),
    readsAs(parseDuration, 'hotswap.recovery.breaker.openFor', breaker.openFor),
  ];
  for (const [name, spec] of Object.entries(dependencies)) {
    const range = typeof spec === 'string' ? spec : spec.version;
    const path = `hotswap.dependencies.${name}`;
    if (name === json.name) found.push({ path, message: 'is the plugin itself; remove it' });
    if (validRange(range) === null) found.push({ path, message: `${JSON.stringify(range)} is not a semver range` });
  }
  return found.filter((problem) => problem !== undefined);
}

/** `semver.parse` forgives a leading `v` or `=` and surrounding space; a manifest may have none of these. */
function isStrictVersion(version: string): boolean {
  const parsed = parse(version);
  if (parsed === null) return false;
  const build = parsed.build.length > 0 ? `+${parsed.build.join('.')}` : '';
  return version === `${parsed.version}${build}`;
}

function engineProblem(range: string): ManifestProblem | undefined {
  const path = 'engines.hotswap';
  const normalised = validRange(range);
  if (normalised === null) return { path, message: `${JSON.stringify(range)} is not a semver range` };
  if (normalised === '*')
    return { path, message: `${JSON.stringify(range)} promises every version; write for example "^1.0.0"` };
  return undefined;
}

function executableProblem({ command, target, ca, key }: ExecutableField): ManifestProblem | undefined {
  const path = 'hotswap.executable';
  if ((command === undefined) === (target === undefined)) {
    return { path, message: 'needs either `command` or `target`' };
  }
  if (target === undefined) return undefined;
  if (!/^grpcs:\/\/[^/\s]+:\d+$/.test(target)) {
    return { path: `${path}.target`, message: `is ${JSON.stringify(target)}; write grpcs://HOST:PORT` };
  }
  return ca === undefined && key === undefined
    ? { path, message: 'names a target and must pin it by `ca` or `key`' }
    : undefined;
}

function readsAs(
  read: (value: string) => number,
  path: string,
  value: string | undefined,
): ManifestProblem | undefined {
  if (value === undefined) return undefined;
  try {
    read(value);
    return undefined;
  } catch (error) {
    return { path, message: messageOf(error) };
  }
}
