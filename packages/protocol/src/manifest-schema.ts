import { reservedNames } from './manifest.ts';
import type { JsonSchema } from './manifest.ts';

/** What a plugin name looks like: lower case, up to 64 characters, with an optional npm scope. */
export const pluginNamePattern = '^(?:@[a-z0-9][a-z0-9-]{0,63}/)?[a-z0-9][a-z0-9-]{0,63}$';

const text = (description: string): JsonSchema => ({ type: 'string', description });
const list = (description: string): JsonSchema => ({
  type: 'array',
  items: { type: 'string', minLength: 1 },
  uniqueItems: true,
  description,
});
const closed = (description: string, properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  description,
  properties,
});
const count = (description: string, minimum: number): JsonSchema => ({ type: 'integer', minimum, description });

const capabilities = closed('What the plugin asks to be allowed to do. Anything not listed is refused.', {
  network: list('`host:port` entries that `ctx.fetch` may reach.'),
  secrets: list('Names of secrets that `ctx.secrets.get` may read.'),
  files: list('Folders the plugin may read, relative to its own folder or absolute.'),
  services: list('Host services beyond the ones every plugin has.'),
  native: {
    type: 'boolean',
    default: false,
    description: 'Whether the plugin has native addons built in. It runs at `sandbox` or `container` only then.',
  },
});

const limits = closed(
  "Limits the plugin asks for; the smallest of the plugin's, the operator's and the tenant's holds.",
  {
    maxMemoryMB: { type: 'number', exclusiveMinimum: 0, description: 'Megabytes of memory.' },
    maxCPUPercent: { type: 'number', exclusiveMinimum: 0, description: 'Share of one core, in percent.' },
    callTimeout: text('How long one call may take: a duration such as `30s`.'),
    maxBody: text("The largest request body the plugin's routes accept: a size such as `10MB`."),
  },
);

const health = closed('How the runtime asks the plugin for its health.', {
  interval: text('Time between two checks: a duration; default `30s`.'),
  strikes: count('Failed checks in a row until the plugin counts as unhealthy; default 3.', 1),
  warmUp: count('Healthy answers in a row that a candidate gives before it is published; default 1.', 1),
});

const recovery = closed("What the runtime does by itself when the plugin is down. The operator's settings win.", {
  failurePolicy: {
    enum: ['closed', 'open', 'reload'],
    default: 'closed',
    description:
      'What a request meets meanwhile. `closed`: 503. `open`: middleware is skipped, routes are 503. `reload`: as `closed`, and a new generation is begun at once.',
  },
  maxAttempts: count('Restarts within `within` until the next fallback; default 5.', 1),
  within: text('A duration; default `10m`.'),
  backoff: closed('How long to wait before an attempt.', {
    strategy: {
      enum: ['fixed', 'linear', 'exponential'],
      default: 'exponential',
      description: 'How the wait grows. `exponential` has full jitter.',
    },
    from: text('The first wait: a duration; default `1s`.'),
    to: text('The longest wait, and how long a plugin must serve to count as recovered: a duration; default `1m`.'),
  }),
  fallback: {
    type: 'array',
    items: { enum: ['restart', 'reload-previous', 'disable', 'pass-through', 'static-response'] },
    uniqueItems: true,
    description: 'What to do, in this order; quarantine comes last by itself. Default `["restart"]`.',
  },
  response: closed('What `static-response` answers; default 503 with a sentence.', {
    status: { type: 'integer', minimum: 200, maximum: 599, description: 'HTTP status; default 503.' },
    headers: { type: 'object', additionalProperties: { type: 'string' }, description: 'Header fields by name.' },
    body: text('The text of the body.'),
  }),
  faults: closed('When what is no crash counts as one.', {
    errors: count('Errors outside any call, within `within`; default 10.', 1),
    timeouts: count('Calls in a row that did not answer in time; default 3.', 1),
    within: text('A duration; default `1m`.'),
  }),
  breaker: closed('When the plugin gets no more calls for a while.', {
    failureRate: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
      description: 'Share of failed calls that opens it; default 0.5.',
    },
    minimumCalls: count('Calls in the window until a share means anything; default 20.', 1),
    window: text('A duration; default `10s`.'),
    openFor: text('How long no call is let through: a duration; default `10s`.'),
    probes: count('Calls let through one by one that must all succeed; default 3.', 1),
  }),
});

const executable: JsonSchema = {
  ...closed('A program of its own, in any language: either `command` or `target`, in place of `main`.', {
    protocol: { ...text('The dialect that it speaks, such as `grpc`; the host must have that one.'), minLength: 1 },
    command: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      minItems: 1,
      description:
        "Program and arguments, started in the plugin's folder. A program that begins with `./` is a file there; another one is found on the path.",
    },
    target: text('Where it runs already, such as `grpcs://greeter.internal:8443`. Needs `ca` or `key`.'),
    ca: text("PEM file, in the plugin's folder, of the authority whose certificates are taken for the target's."),
    key: text("The target's public key: `sha256:` and base64 of the digest of its SubjectPublicKeyInfo."),
    mtls: {
      type: 'boolean',
      default: false,
      description: 'Whether a started program and its host show each other certificates made for this start.',
    },
  }),
  required: ['protocol'],
};

const dependency: JsonSchema = {
  anyOf: [
    text('Range of versions of that plugin, such as `^2.0.0`.'),
    {
      type: 'object',
      additionalProperties: false,
      required: ['version'],
      properties: {
        version: text('Range of versions of that plugin, such as `^2.0.0`.'),
        optional: { type: 'boolean', description: 'True when this plugin also runs without that one.' },
      },
    },
  ],
};

const hotswap = closed('What HotSwap needs to know about this plugin.', {
  kinds: list(
    'What the plugin does: `core`, `middleware`, `storage`, `security`, `monitoring`, `protocol`, `content`, `ratelimit` or free text.',
  ),
  category: text('A heading for catalogues.'),
  isolation: {
    enum: ['none', 'basic', 'strict', 'sandbox', 'container'],
    default: 'basic',
    description:
      "How strongly the plugin is kept apart from its host. The operator's setting wins where it is stronger.",
  },
  image: {
    type: 'string',
    pattern: '^[a-zA-Z0-9][\\w.:/@-]*$',
    maxLength: 512,
    description:
      "The container image that it runs in at level `container`, by name or digest. It must be on the host already, and have Node. Default: an image made of the host's own Node.",
  },
  capabilities,
  dependencies: {
    type: 'object',
    propertyNames: { pattern: pluginNamePattern },
    additionalProperties: dependency,
    description: 'Plugins this one needs: name to range.',
  },
  config: {
    type: 'object',
    description: "JSON Schema of the plugin's config: `default` fills, `secret: true` masks.",
  },
  stateVersion: { ...count('Version of the state that the plugin exports.', 1), default: 1 },
  swap: {
    enum: ['overlap', 'exclusive'],
    default: 'overlap',
    description:
      '`overlap`: new beside old, then one publish. `exclusive`: the old one lets go before the new one takes over.',
  },
  limits,
  health,
  recovery,
  executable,
});

/** JSON Schema of a plugin's `package.json`. Fields that npm knows stay free; inside `hotswap`, unknown ones are refused. */
export const manifestSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'HotSwap plugin manifest',
  description: "A plugin's package.json.",
  type: 'object',
  required: ['name', 'version', 'engines'],
  properties: {
    name: {
      type: 'string',
      pattern: pluginNamePattern,
      not: { enum: [...reservedNames] },
      description: 'Lower-case letters, digits and dashes, with an optional npm scope.',
    },
    version: text('Strict semver, such as `1.2.0`.'),
    description: text('One sentence for lists and catalogues.'),
    author: {
      anyOf: [
        text('Name, with an optional address.'),
        { type: 'object', required: ['name'], properties: { name: text('Name of the author.') } },
      ],
      description: 'Who wrote the plugin.',
    },
    license: text('SPDX identifier, such as `Apache-2.0`.'),
    keywords: { type: 'array', items: { type: 'string' }, description: 'Words to be found by.' },
    engines: {
      type: 'object',
      required: ['hotswap'],
      properties: { hotswap: text('Range of HotSwap versions the plugin runs on, such as `^1.0.0`; `*` is refused.') },
      description: 'What the plugin runs on.',
    },
    main: {
      type: 'string',
      minLength: 1,
      default: './index.js',
      description: 'Path of the module with the default export, relative to this file.',
    },
    hotswap,
  },
};
