import { isCodedError } from '@hotswap/protocol';
import { describe, expect, it } from 'vitest';
import { parseRuntimeConfig } from './runtime-config.ts';
import type { ParsedConfig, ParseOptions } from './runtime-config.ts';

function parse(text: string, options: Partial<ParseOptions> = {}): ParsedConfig {
  return parseRuntimeConfig(text, { format: 'toml', file: 'hotswap.toml', cwd: '/srv', ...options });
}

/** The lines of the error, so that a test reads like what an operator sees. */
function problemsOf(text: string, options: Partial<ParseOptions> = {}): readonly string[] {
  try {
    parse(text, options);
  } catch (error) {
    if (isCodedError(error) && error.code === 'CONFIG_INVALID')
      return error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim());
    throw error;
  }
  return [];
}

describe('a config file', () => {
  it('may be empty: every setting has a default', () => {
    const { config } = parse('');
    expect(config.server).toEqual({
      bind: { host: '127.0.0.1', port: 8080 },
      data: '/srv/data',
      tls: undefined,
      limits: { maxBodyBytes: 10_485_760, maxUrlBytes: 8_192, maxHeaderBytes: 16_384, idleTimeoutMs: 60_000 },
      trustedProxies: [],
      accessLog: false,
      management: { bind: undefined, allowedOrigins: [], allowedHosts: [] },
    });
    expect(config.plugins).toEqual({
      enabled: true,
      directory: '/srv/plugins',
      autoLoad: true,
      watch: true,
      loadOrder: [],
      loadTimeoutMs: 30_000,
      drainTimeoutMs: 60_000,
      shutdownTimeoutMs: 30_000,
      callTimeoutMs: 30_000,
      debounceMs: 250,
      healthIntervalMs: 30_000,
      probationMs: 60_000,
      maxSnapshots: 10,
      snapshotIntervalMs: 30_000,
      parkTimeoutMs: 5_000,
      maxParked: 1_000,
      usageIntervalMs: 5_000,
      spares: 1,
      security: {
        verifySignatures: true,
        allowUnsigned: false,
        maxMemoryMB: 256,
        maxCPUPercent: 50,
        warnAtPercent: 80,
        onViolation: 'alert',
        readable: [],
        maxStorageMB: 256,
        maxThreads: undefined,
        maxFileHandles: undefined,
        maxNetworkConns: undefined,
        allowNative: true,
        allowMissing: [],
        container: { engine: [] },
      },
      entries: {},
    });
    expect(config.notices).toEqual([]);
  });

  it('reads every section, with durations and sizes in units the program uses', () => {
    const { config } = parse(`
      [server]
      bind = ":11371"
      data = "/var/lib/hotswap"
      limits = { maxBody = "1MB", idleTimeout = "PT5S" }
      trustedProxies = ["10.0.0.0/8", "::1"]
      [server.tls]
      cert = "server.crt"
      key = "/etc/server.key"
      [plugins]
      directory = "../plugins"
      loadTimeout = "1m30s"
      loadOrder = ["security", "ratelimit-geo"]
      [plugins.security]
      maxMemoryMB = 512
      [plugins.greeter]
      isolation = "strict"
      type = "content"
      source = "./greeter-1.0.0.tgz"
      config.greeting = "good day"`);
    expect(config.server.bind).toEqual({ host: undefined, port: 11371 });
    expect(config.server.limits).toMatchObject({ maxBodyBytes: 1_048_576, idleTimeoutMs: 5_000 });
    expect(config.server.tls).toEqual({ cert: '/srv/server.crt', key: '/etc/server.key', ca: undefined });
    expect(config.plugins).toMatchObject({
      directory: '/plugins',
      loadTimeoutMs: 90_000,
      loadOrder: ['security', 'ratelimit-geo'],
    });
    expect(config.plugins.security.maxMemoryMB).toBe(512);
    expect(config.plugins.entries['greeter']).toEqual({
      enabled: true,
      isolation: 'strict',
      type: 'content',
      source: '/srv/greeter-1.0.0.tgz',
      config: { greeting: 'good day' },
      override: undefined,
      isUnloaded: false,
    });
  });

  it('means the same in YAML and JSON', () => {
    const toml = parse('[plugins.a]\nenabled = false\nconfig.x = [1, "b"]').config;
    const yaml = parse('plugins:\n  a:\n    enabled: false\n    config: { x: [1, b] }\n', { format: 'yaml' }).config;
    const json = parse('{"plugins":{"a":{"enabled":false,"config":{"x":[1,"b"]}}}}', { format: 'json' }).config;
    expect(yaml).toEqual(toml);
    expect(json).toEqual(toml);
  });

  it('starts relative paths from the folder of the file', () => {
    expect(parse('', { file: 'conf/hotswap.toml' }).config.server.data).toBe('/srv/conf/data');
    expect(parse('', { file: '/etc/hotswap.toml' }).config.plugins.directory).toBe('/etc/plugins');
  });

  it('leaves the sections of the host to the host', () => {
    expect(parse('[keyserver]\npeers = ["a"]', { hostSections: ['keyserver'] }).config.host).toEqual({
      keyserver: { peers: ['a'] },
    });
  });

  it('lets a host have its own default address', () => {
    const defaultBind = { host: undefined, port: 11371 };
    expect(parse('', { defaultBind }).config.server.bind).toEqual(defaultBind);
  });
});

describe('the two spellings of a plugin', () => {
  it('stand side by side and are merged', () => {
    const { entries } = parse(`
      [plugins.geo]
      isolation = "basic"
      config.db = { path = "x" }
      [plugins.config.geo]
      enabled = false
      threshold = 0.85
      db = { size = 3 }`).config.plugins;
    expect(entries['geo']).toMatchObject({
      enabled: false,
      isolation: 'basic',
      config: { db: { path: 'x', size: 3 }, threshold: 0.85 },
    });
  });

  it('may repeat a value but not contradict each other', () => {
    expect(problemsOf('[plugins.geo]\nconfig.a = 1\n[plugins.config.geo]\na = 1')).toEqual([]);
    expect(
      problemsOf('[plugins.geo]\nenabled = true\nconfig.a.b = 1\n[plugins.config.geo]\nenabled = false\na.b = 2'),
    ).toEqual([
      'hotswap.toml:5:1: plugins.config.geo.enabled is false here and true in [plugins.geo]; keep one',
      'hotswap.toml:6:3: plugins.config.geo.a.b differs from [plugins.geo] config.a.b; keep one',
    ]);
  });

  it('both lead back to the place of a key', () => {
    const parsed = parse('[plugins.geo]\nconfig.a = 1\n[plugins.config.geo]\nb = [1]\n');
    expect(parsed.locatePluginKey('geo', ['a'])).toEqual({ line: 2, column: 8 });
    expect(parsed.locatePluginKey('geo', ['b', 0])).toEqual({ line: 4, column: 6 });
  });
});

describe('mistakes', () => {
  it('are all listed at once, in the order of the file, with the nearest name', () => {
    expect(
      problemsOf(`[servre]
bind = "x"
[server]
bnd = ":1"
bind = "nowhere"
accessLog = "yes"
[plugins]
load_timeout = "30s"
loadTimeout = "soon"
loadOrder = "security"
[plugins.security]
maxMemoryMb = 1
maxCPUPercent = 0.5
[plugins.greeter]
greeting = "hi"
isolation = "strictest"
`),
    ).toEqual([
      'hotswap.toml:1:2: servre is no setting; did you mean server?',
      'hotswap.toml:4:1: server.bnd is no setting; did you mean bind?',
      'hotswap.toml:5:1: server.bind must be an address such as "127.0.0.1:8080", or ":8080" for all interfaces, is "nowhere"',
      'hotswap.toml:6:1: server.accessLog must be true or false, is "yes"',
      'hotswap.toml:8:1: plugins.load_timeout is no setting; did you mean loadTimeout?',
      'hotswap.toml:9:1: plugins.loadTimeout must be a duration such as "30s" or "PT30S", is "soon"',
      'hotswap.toml:10:1: plugins.loadOrder must be a list of texts, is "security"',
      'hotswap.toml:12:1: plugins.security.maxMemoryMb is no setting; did you mean maxMemoryMB?',
      'hotswap.toml:13:1: plugins.security.maxCPUPercent must be a whole number above 0, is 0.5',
      `hotswap.toml:15:1: plugins.greeter.greeting is no setting; for the plugin's own config write config.greeting`,
      'hotswap.toml:16:1: plugins.greeter.isolation must be one of none, basic, strict, sandbox, container, is "strictest"',
    ]);
  });

  it.each([
    ['[plugins.status]', 'plugins.status cannot be the name of a plugin'],
    ['[plugins.Greeter]', 'plugins.Greeter cannot be the name of a plugin'],
    ['[plugins.config]\ngeo = 1', 'plugins.config.geo must be a table'],
    ['server = 1', 'server must be a table'],
    ['[server.tls]\ncert = "a"', 'server.tls.key is missing'],
    ['[server]\ntrustedProxies = ["10.0.0.0/33"]', 'server.trustedProxies must be a list of addresses or networks'],
    ['[plugins.a]\ntype = ""', 'plugins.a.type must be a text that is not empty'],
    ['[server.limits]\nmaxBody = "big"', 'server.limits.maxBody must be a size'],
    ['[server]\nbind = "[12]:80"', 'server.bind must be an address'],
    ['[server]\nbind = "host:70000"', 'server.bind must be an address'],
  ])('%j is refused', (text, expected) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(expected)]);
  });

  it('have a place in YAML too', () => {
    expect(problemsOf('plugins:\n  loadOrdr: []\n', { format: 'yaml', file: 'h.yaml' })).toEqual([
      'h.yaml:2:3: plugins.loadOrdr is no setting; did you mean loadOrder?',
    ]);
    expect(problemsOf('- a', { format: 'yaml' })).toEqual(['the file must hold a table of settings']);
  });
});

describe('the environment', () => {
  it('outranks the file, each variable read as its setting is', () => {
    const { config } = parse('[server]\nbind = ":1"\n[plugins]\nloadTimeout = "1s"', {
      env: {
        HOTSWAP_SERVER_BIND: '[::1]:2',
        HOTSWAP_SERVER_ACCESS_LOG: 'true',
        HOTSWAP_SERVER_LIMITS_MAX_BODY: '2MB',
        HOTSWAP_PLUGINS_LOAD_TIMEOUT: '2000',
        HOTSWAP_PLUGINS_LOAD_ORDER: 'a, b',
        HOTSWAP_PLUGINS_SECURITY_MAX_MEMORY_MB: '64',
        HOTSWAP_PLUGINS_SECURITY_MAX_CPU_PERCENT: '20',
        HOTSWAP_SERVER_TRUSTED_PROXIES: '["10.1.2.3"]',
        HOTSWAP_TOKEN: 'for the command line',
        UNRELATED: 'x',
      },
    });
    expect(config.server).toMatchObject({
      bind: { host: '::1', port: 2 },
      accessLog: true,
      limits: { maxBodyBytes: 2_097_152 },
      trustedProxies: ['10.1.2.3'],
    });
    expect(config.plugins).toMatchObject({ loadTimeoutMs: 2_000, loadOrder: ['a', 'b'] });
    expect(config.plugins.security).toMatchObject({ maxMemoryMB: 64, maxCPUPercent: 20 });
  });

  it('is checked as strictly as the file', () => {
    expect(
      problemsOf('', {
        env: {
          HOTSWAP_SERVER_BND: ':1',
          HOTSWAP_PLUGIN_DIRECTORY: '/p',
          HOTSWAP_PLUGINS_AUTO_LOAD: 'maybe',
          HOTSWAP_PLUGINS_LOAD_ORDER: '[1',
        },
      }).toSorted(),
    ).toEqual([
      'HOTSWAP_PLUGINS_AUTO_LOAD must be true or false, is "maybe"',
      'HOTSWAP_PLUGINS_LOAD_ORDER must be a list of texts, is "[1"',
      'HOTSWAP_PLUGIN_DIRECTORY is no setting; did you mean HOTSWAP_PLUGINS_DIRECTORY?',
      'HOTSWAP_SERVER_BND is no setting; did you mean HOTSWAP_SERVER_BIND?',
    ]);
  });

  it("keeps the plugins' variables until their schemas are known", () => {
    const { config } = parse('', { env: { HOTSWAP_PLUGIN_GREETER_GREETING: 'hi' } });
    expect(config.pluginVariables).toEqual({ HOTSWAP_PLUGIN_GREETER_GREETING: 'hi' });
  });
});

describe('secrets', () => {
  it('are references to variables and files; a literal is accepted and complained about', () => {
    const { config } = parse('[secrets]\na = "env:HOTSWAP_SECRET_A"\nb = "file:keys/b"\nc = "hunter2"', {
      env: { HOTSWAP_SECRET_A: 'x' },
    });
    expect(config.secrets).toEqual({
      a: { type: 'env', variable: 'HOTSWAP_SECRET_A' },
      b: { type: 'file', path: '/srv/keys/b' },
      c: { type: 'literal', value: 'hunter2' },
    });
    expect(config.notices).toEqual([expect.stringContaining('secret c stands in the config file')]);
  });
});

describe('notices', () => {
  it('name what an operator has switched off', () => {
    const { notices } = parse('[plugins.security]\nverifySignatures = false\nallowUnsigned = true').config;
    expect(notices).toHaveLength(2);
  });
});
