import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf } from '@hotswap/protocol';
import type { Check, RuntimeConfig } from '@hotswap/runtime';
import type { Call } from '../../verb.ts';
import type { DoctorOptions } from './doctor-result.ts';

/** What a config file says of itself, and the data folder that follows from it. */
export interface CheckedConfig {
  readonly checks: readonly Check[];
  readonly data: string;
}

/** Reads the file as `hotswap serve` would; what it would refuse is a problem here and no error. */
export async function checkConfigFile({ options, terminal }: Call<DoctorOptions>): Promise<CheckedConfig> {
  const { cwd, env } = terminal;
  const named = options.config ?? env['HOTSWAP_CONFIG'];
  const file = resolve(cwd, named ?? 'hotswap.toml');
  const givenData = options.data ?? env['HOTSWAP_SERVER_DATA'];
  const data = resolve(cwd, givenData ?? '.hotswap');
  try {
    const { formatOf, parseRuntimeConfig } = await import('@hotswap/runtime');
    const text = await readFile(file, 'utf8');
    const { server, notices } = parseRuntimeConfig(text, { format: formatOf(file), file, cwd, env }).config;
    const found = notices.map((notice) => warning('config-notice', notice, 'change it, unless it is meant so'));
    return {
      checks: [ok('config-file', `the config file ${file} is valid`), ...found, ...exposure(server)],
      data: givenData === undefined ? server.data : data,
    };
  } catch (error) {
    const isMissing = isNotThere(error) && named === undefined;
    if (isMissing) return { checks: [ok('config-file', `there is no ${file}, so no config file was checked`)], data };
    const check: Check = {
      area: 'environment',
      id: 'config-file',
      level: 'problem',
      message: `the config file ${file} cannot be used: ${messageOf(error)}`,
      action: 'mend it, then look again',
    };
    return { checks: [check], data };
  }
}

/** Management that other machines reach, without encryption: its token can be read on the way. */
function exposure({ bind, management, tls }: RuntimeConfig['server']): readonly Check[] {
  const { host, port } = management.bind ?? bind;
  if (tls !== undefined || isLoopback(host))
    return [ok('management', 'management answers this machine alone, or by TLS')];
  const message = `management answers on ${host ?? 'every address'}, port ${port}, without TLS: its token can be read on the way`;
  const action = 'give [server.management] bind an address of this machine, or set [server.tls]';
  return [warning('management', message, action)];
}

function isLoopback(host: string | undefined): boolean {
  return host === 'localhost' || host === '::1' || host?.startsWith('127.') === true;
}

function isNotThere(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function ok(id: string, message: string): Check {
  return { area: 'environment', id, level: 'ok', message };
}

function warning(id: string, message: string, action: string): Check {
  return { area: 'environment', id, level: 'warning', message, action };
}
