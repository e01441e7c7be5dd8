import type { LogFields, Logger, LogLine } from '@hotswap/sdk';
import type { HostLogger } from './create-logger.ts';

/** Whose lines a plugin's logger writes. */
export interface LogIdentity {
  readonly plugin: string;
  readonly version: string;
  readonly generation: number;
  readonly tenant?: string | undefined;
}

/** Fields the host sets; a plugin that uses such a name finds it in its line with `field_` before it. */
const hostFields: ReadonlySet<string> = new Set([
  'timestamp',
  'level',
  'message',
  'msg',
  'plugin_name',
  'pluginId',
  'version',
  'generation',
  'tenantId',
  'environment',
]);

/** The logger of one generation: its lines say whose they are, whatever fields the plugin hands over. */
export function createPluginLogger(log: HostLogger, { plugin, version, generation, tenant }: LogIdentity): Logger {
  const own = log.child({
    plugin_name: plugin,
    pluginId: plugin,
    version,
    generation,
    ...(tenant !== undefined && { tenantId: tenant }),
  });
  return {
    debug: lineOf(own, 'debug'),
    info: lineOf(own, 'info'),
    warn: lineOf(own, 'warn'),
    error: lineOf(own, 'error'),
  };
}

function lineOf(log: Logger, level: keyof Logger): LogLine {
  return (fields: LogFields | string, message?: string) => {
    if (typeof fields === 'string') log[level](fields);
    else log[level](withoutHostFields(fields), message ?? '');
  };
}

function withoutHostFields(fields: LogFields): LogFields {
  const names = Object.keys(fields);
  if (!names.some((name) => hostFields.has(name))) return fields;
  return Object.fromEntries(names.map((name) => [hostFields.has(name) ? `field_${name}` : name, fields[name]]));
}
