import { describe, expect, it } from 'vitest';
import { layerConfig } from './config-layers.ts';
import { claimPluginVariables } from './plugin-variables.ts';

const geo = {
  name: 'ratelimit-geo',
  schema: {
    type: 'object',
    properties: {
      geoip_database_path: { type: 'string' },
      threshold: { type: 'number' },
      strictMode: { type: 'boolean' },
      countries: { type: 'array', items: { type: 'string' } },
      ports: { type: 'array', items: { type: 'integer' } },
      db: { type: 'object', properties: { poolSize: { type: 'integer' } } },
    },
  },
};
const plain = { name: 'ratelimit', schema: undefined };
const prefix = 'HOTSWAP_PLUGIN_RATELIMIT_GEO_';

describe('variables of a plugin', () => {
  it('are typed by its schema, also below tables', () => {
    const variables = {
      [`${prefix}GEOIP_DATABASE_PATH`]: '/geo.mmdb',
      [`${prefix}THRESHOLD`]: '0.85',
      [`${prefix}STRICT_MODE`]: '1',
      [`${prefix}COUNTRIES`]: 'de, fr',
      [`${prefix}PORTS`]: '80,443',
      [`${prefix}DB_POOL_SIZE`]: '4',
      [`${prefix}ENABLED`]: 'false',
      [`${prefix}ISOLATION`]: 'strict',
    };
    const { byPlugin, problems } = claimPluginVariables(variables, [plain, geo]);
    expect(problems).toEqual([]);
    expect(byPlugin.get('ratelimit-geo')).toEqual({
      enabled: false,
      isolation: 'strict',
      config: {
        geoip_database_path: '/geo.mmdb',
        threshold: 0.85,
        strictMode: true,
        countries: ['de', 'fr'],
        ports: [80, 443],
        db: { poolSize: 4 },
      },
    });
  });

  it('are camel case and JSON where there is no schema', () => {
    const variables = { HOTSWAP_PLUGIN_RATELIMIT_MAX_HITS: '5', HOTSWAP_PLUGIN_RATELIMIT_TEXT: 'plain' };
    expect(claimPluginVariables(variables, [plain, geo]).byPlugin.get('ratelimit')?.config).toEqual({
      maxHits: 5,
      text: 'plain',
    });
  });

  it('that fit no plugin, no key or no type are all reported', () => {
    const variables = {
      HOTSWAP_PLUGIN_RATELIMT_GEO_: 'x',
      [`${prefix}TRESHOLD`]: '1',
      [`${prefix}PORTS`]: '80,http',
      [`${prefix}ENABLED`]: 'perhaps',
    };
    expect(claimPluginVariables(variables, [geo]).problems).toEqual([
      { path: 'HOTSWAP_PLUGIN_RATELIMT_GEO_', message: `belongs to no plugin; did you mean ${prefix}...?` },
      { path: `${prefix}TRESHOLD`, message: `is no setting of ratelimit-geo; did you mean ${prefix}THRESHOLD?` },
      { path: `${prefix}PORTS`, message: 'must be array for ports' },
      { path: `${prefix}ENABLED`, message: 'must be true or false' },
    ]);
  });
});

describe('layers of a config', () => {
  it('merge tables and replace lists, the environment over the file', () => {
    const layers = { file: { a: { x: 1, y: 2 }, list: [1, 2] }, environment: { a: { y: 3 }, list: [4] } };
    expect(layerConfig(layers)).toEqual({ config: { a: { x: 1, y: 3 }, list: [4] }, source: 'environment' });
  });

  it('are replaced as a whole by an override, over which a tenant has the last word', () => {
    expect(layerConfig({ file: { a: 1 }, environment: { b: 1 }, api: { c: 1, d: 1 }, tenant: { d: 2 } })).toEqual({
      config: { c: 1, d: 2 },
      source: 'api',
    });
  });

  it('name the strongest one that says anything', () => {
    expect(layerConfig({}).source).toBe('defaults');
    expect(layerConfig({ file: { a: 1 }, environment: {} }).source).toBe('file');
    expect(layerConfig({ api: {} }).source).toBe('api');
  });
});
