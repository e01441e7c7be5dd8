import { describe, expect, it } from 'vitest';
import { createLogger } from './create-logger.ts';
import type { LoggerOptions } from './create-logger.ts';
import { createPluginLogger } from './plugin-logger.ts';
import { silentLog } from './silent-log.ts';

function setUp(options: Omit<LoggerOptions, 'destination'> = {}) {
  const texts: string[] = [];
  const log = createLogger({ ...options, destination: { write: (text) => void texts.push(text) } });
  return { log, texts, lines: () => texts.map((text): Record<string, unknown> => JSON.parse(text)) };
}

describe('the log', () => {
  it('writes one line of JSON with the fields that were promised', () => {
    const { log, lines } = setUp({ bindings: { environment: 'test' } });
    log.warn({ operation_id: 'o-1' }, 'swap kept the old generation');
    expect(lines()).toEqual([
      {
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        level: 'WARNING',
        message: 'swap kept the old generation',
        msg: 'swap kept the old generation',
        environment: 'test',
        operation_id: 'o-1',
      },
    ]);
  });

  it('names its levels and writes from warnings up unless told otherwise', () => {
    const all = setUp({ level: 'debug' });
    for (const level of ['debug', 'info', 'warn', 'error'] as const) all.log[level]('x');
    expect(all.lines().map(({ level }) => level)).toEqual(['DEBUG', 'INFO', 'WARNING', 'ERROR']);
    const usual = setUp();
    usual.log.info('x');
    usual.log.warn('y');
    expect(usual.lines().map(({ msg }) => msg)).toEqual(['y']);
  });

  it('writes errors with their stacks', () => {
    const { log, lines } = setUp();
    log.error({ error: new Error('broken') }, 'failed');
    expect(lines()[0]?.['error']).toMatchObject({ message: 'broken', stack: expect.stringContaining('logging.test') });
  });
});

describe("a plugin's log", () => {
  const identity = { plugin: 'geo', version: '1.2.0', generation: 7, tenant: 'acme' };

  it('says whose line it is', () => {
    const { log, lines } = setUp({ level: 'info' });
    createPluginLogger(log, identity).info({ found: 3 }, 'looked up');
    expect(lines()[0]).toMatchObject({
      plugin_name: 'geo',
      pluginId: 'geo',
      version: '1.2.0',
      generation: 7,
      tenantId: 'acme',
      found: 3,
      message: 'looked up',
    });
  });

  it('cannot be made to speak for another plugin', () => {
    const { log, texts, lines } = setUp();
    createPluginLogger(log, identity).warn({ plugin_name: 'host', level: 'CRITICAL', msg: 'x' }, 'hello');
    expect(lines()[0]).toMatchObject({
      plugin_name: 'geo',
      field_plugin_name: 'host',
      level: 'WARNING',
      field_level: 'CRITICAL',
    });
    expect(texts[0]?.match(/"plugin_name"/g)).toHaveLength(1);
  });
});

it('is silent where nobody wants a log', () => {
  expect(silentLog.child({ a: 1 }).error('x')).toBeUndefined();
});
