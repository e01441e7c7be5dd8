import { messageOf, parseDuration, parseSize } from '@hotswap/protocol';
import type { JsonSchema } from '@hotswap/protocol';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { fail } from '../../errors.ts';
import { countOf, didYouMean, isTable } from '../document/settings-reader.ts';
import { nearestName } from '../../nearest-name.ts';
import type { PluginConfigValues } from '../plugin-entry.ts';
import { closeSchema } from './config-schema.ts';
import { linearPattern } from './linear-pattern.ts';
import { maskSecrets, replaceSecrets, secretMask, unmaskSecrets } from './secret-mask.ts';

/** One thing to correct in a plugin's config. */
export interface PluginConfigProblem {
  /** Such as `upstreams[0].url`; empty for the config as a whole. */
  readonly path: string;
  readonly message: string;
}

/** A plugin's config schema at work. Compile it once for each artifact. */
export interface PluginConfigSchema {
  /**
   * Checks a config and fills in the schema's defaults; the given object stays as it is.
   *
   * @throws CONFIG_REJECTED with every problem
   */
  fill(config: PluginConfigValues): { readonly config: PluginConfigValues };
  /**
   * Puts the values of secrets where `secret:NAME` stands in a part that the schema marks `secret`.
   * Everywhere else such a text is a text like any other.
   */
  withSecrets(
    config: PluginConfigValues,
    resolve: (name: string) => Promise<string | undefined>,
  ): Promise<PluginConfigValues>;
  /** The config as it may be shown: secrets are `********`. */
  mask(config: PluginConfigValues): PluginConfigValues;
  /** The config to be written down: a secret that stands in it itself is masked, the name of one stays. */
  hideSecrets(config: PluginConfigValues): PluginConfigValues;
  /**
   * A config that was shown and sent back, its masks replaced by the secrets of `previous`.
   *
   * @throws CONFIG_REJECTED if a mask stands where it is not certain which secret is meant
   */
  unmask(next: PluginConfigValues, previous: PluginConfigValues): PluginConfigValues;
}

/**
 * Compiles the config schema of a manifest (JSON Schema 2020-12).
 *
 * Without a schema any object is accepted and nothing is masked. With one, keys it does not list are refused
 * unless it says `additionalProperties`. `pattern` is matched by a linear engine. Of the formats `uri`, `duration`
 * and `size` are checked (the latter two as this runtime writes them); the other standard ones only inform.
 *
 * @throws CONFIG_SCHEMA_INVALID
 */
export function compilePluginConfig(schema: JsonSchema | undefined, plugin: string): PluginConfigSchema {
  return createConfigCompiler()(schema, plugin);
}

/** `compilePluginConfig` for many schemas: its first use takes tens of milliseconds, later ones a few. */
export type ConfigCompiler = typeof compilePluginConfig;

/** Makes the compiler of a runtime. It keeps no schema. */
export function createConfigCompiler(): ConfigCompiler {
  const ajv = createValidator();
  return (schema, plugin) => (schema === undefined ? acceptAnything : schemaAtWork(schema, plugin, ajv));
}

function schemaAtWork(schema: JsonSchema, plugin: string, ajv: Ajv2020): PluginConfigSchema {
  const validate = compile(schema, plugin, ajv);
  return {
    fill: (config) => {
      const filled = structuredClone(config);
      if (!validate(filled)) throw rejected(plugin, problemsOf(validate.errors ?? [], schema));
      return { config: filled };
    },
    withSecrets: async (config, resolve) => {
      const values = new Map<string, string>();
      for (const name of secretNames(config, schema)) {
        const value = await resolve(name);
        if (value === undefined) throw fail('SECRET_UNKNOWN', { secret: name });
        values.set(name, value);
      }
      return tableOf(replaceSecrets(config, schema, (secret) => values.get(secretName(secret) ?? '') ?? secret));
    },
    mask: (config) => tableOf(maskSecrets(config, schema)),
    hideSecrets: (config) =>
      tableOf(replaceSecrets(config, schema, (secret) => (secretName(secret) === undefined ? secretMask : secret))),
    unmask: (next, previous) => {
      const { value, unresolved } = unmaskSecrets(next, previous, schema);
      const message = 'is a mask, and it is not certain which earlier secret it stands for; send the value';
      if (unresolved.length > 0)
        throw rejected(
          plugin,
          unresolved.map((path) => ({ path: pathText(path), message })),
        );
      return tableOf(value);
    },
  };
}

const acceptAnything: PluginConfigSchema = {
  fill: (config) => ({ config: structuredClone(config) }),
  withSecrets: async (config) => config,
  mask: (config) => config,
  hideSecrets: (config) => config,
  unmask: (next) => next,
};

/** The secrets that a config names in the parts that are marked for it. */
function secretNames(config: PluginConfigValues, schema: JsonSchema): ReadonlySet<string> {
  const names = new Set<string>();
  replaceSecrets(config, schema, (secret) => {
    const name = secretName(secret);
    if (name !== undefined) names.add(name);
    return secret;
  });
  return names;
}

function secretName(value: unknown): string | undefined {
  return typeof value === 'string' && value.startsWith('secret:') ? value.slice('secret:'.length) : undefined;
}

const informativeFormats =
  'date date-time time email hostname idn-email idn-hostname ipv4 ipv6 iri uuid uri-reference iri-reference uri-template json-pointer relative-json-pointer regex password';

const formats = {
  ...Object.fromEntries(informativeFormats.split(' ').map((name) => [name, true as const])),
  uri: (text: string): boolean => URL.canParse(text),
  duration: (text: string): boolean => canParse(text, parseDuration),
  size: (text: string): boolean => canParse(text, parseSize),
};

function createValidator(): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    useDefaults: true,
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    logger: false,
    formats,
    code: { regExp: Object.assign((pattern: string) => linearPattern(pattern), { code: 'linearPattern' }) },
  });
  return ajv.addVocabulary(['secret']);
}

function compile(schema: JsonSchema, plugin: string, ajv: Ajv2020): ValidateFunction {
  const closed = closeSchema(schema);
  try {
    return ajv.compile(closed);
  } catch (error) {
    throw fail('CONFIG_SCHEMA_INVALID', { plugin, reason: messageOf(error) }, { cause: error });
  } finally {
    // Else ajv would keep every schema it has seen, and ids of two plugins could clash.
    ajv.removeSchema(closed);
  }
}

function rejected(plugin: string, problems: readonly PluginConfigProblem[]): Error {
  const lines = problems.map(({ path, message }) => `  ${path === '' ? 'the config' : path} ${message}`);
  return fail('CONFIG_REJECTED', { plugin, count: countOf(problems), list: lines.join('\n'), problems });
}

function problemsOf(errors: readonly ErrorObject[], schema: JsonSchema): readonly PluginConfigProblem[] {
  return errors.map((error) => {
    const path = pointerParts(error.instancePath);
    const unlisted: unknown = error.params['additionalProperty'] ?? error.params['unevaluatedProperty'];
    if (typeof unlisted !== 'string') return { path: pathText(path), message: sentenceOf(error) };
    const known = path.length === 0 && isTable(schema['properties']) ? Object.keys(schema['properties']) : [];
    const message = `is no setting of this plugin${didYouMean(nearestName(unlisted, known))}`;
    return { path: pathText([...path, unlisted]), message };
  });
}

/** Names the allowed values, and never the given one: it may be a secret. */
function sentenceOf({ keyword, message = 'is not as the schema wants it', params }: ErrorObject): string {
  const allowed: unknown = params['allowedValues'];
  if (keyword === 'enum' && Array.isArray(allowed))
    return `must be one of ${allowed.map((v) => JSON.stringify(v)).join(', ')}`;
  return message;
}

function pointerParts(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function pathText(path: readonly (string | number)[]): string {
  return path
    .map((part) => (/^\d+$/.test(String(part)) ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

function tableOf(value: unknown): PluginConfigValues {
  return isTable(value) ? value : {};
}

function canParse(text: string, parse: (text: string) => number): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false; // the schema's own message is the one that is shown
  }
}
