import { resolve } from 'node:path';
import { bind, duration, flag, networks, size, text, texts } from './document/setting-kinds.ts';
import type { Bind } from './document/setting-kinds.ts';
import type { SettingsSection } from './document/settings-reader.ts';

/** Files of a TLS listener, as absolute paths. */
export interface TlsConfig {
  readonly cert: string;
  readonly key: string;
  /** Certificates that clients must be signed by; none: clients need no certificate. */
  readonly ca: string | undefined;
}

/** What a request may ask of the listener. */
export interface ServerLimits {
  /** Default 10 MB. */
  readonly maxBodyBytes: number;
  /** Default 8 KB. */
  readonly maxUrlBytes: number;
  /** All header fields together; default 16 KB. */
  readonly maxHeaderBytes: number;
  /** Silence after which a connection is closed; default 60 s. */
  readonly idleTimeoutMs: number;
}

/** Who may reach management, and where. */
export interface ManagementConfig {
  /** Its own listener; `undefined`: the host decides. */
  readonly bind: Bind | undefined;
  /** Values of `Origin` that are let in; default none. */
  readonly allowedOrigins: readonly string[];
  /** Values of `Host` that are let in besides the listener's own. */
  readonly allowedHosts: readonly string[];
}

/** The `[server]` section. */
export interface ServerConfig {
  /** Default 127.0.0.1:8080, unless the host has its own. */
  readonly bind: Bind;
  /** Folder for everything that must outlive the process; absolute. Default `data` beside the config file. */
  readonly data: string;
  readonly tls: TlsConfig | undefined;
  readonly limits: ServerLimits;
  /** Addresses and networks whose forwarding headers are believed. */
  readonly trustedProxies: readonly string[];
  /** One log line for each request; default false. */
  readonly accessLog: boolean;
  readonly management: ManagementConfig;
}

const kilobyte = 1_024;

/** Reads `[server]`; paths are relative to `folder`. */
export function readServerConfig(section: SettingsSection, folder: string, defaultBind: Bind): ServerConfig {
  const config: ServerConfig = {
    bind: section.read('bind', bind, defaultBind),
    data: resolve(folder, section.read('data', text, 'data')),
    tls: readTls(section.section('tls'), folder),
    limits: readLimits(section.section('limits')),
    trustedProxies: section.read('trustedProxies', networks, []),
    accessLog: section.read('accessLog', flag, false),
    management: readManagement(section.section('management')),
  };
  section.close();
  return config;
}

function readTls(section: SettingsSection, folder: string): TlsConfig | undefined {
  const [cert, key, ca] = ['cert', 'key', 'ca'].map((name) => section.read(name, text, undefined));
  section.close();
  if (cert === undefined && key === undefined && ca === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    section.report(cert === undefined ? 'cert' : 'key', 'is missing; TLS needs cert and key');
    return undefined;
  }
  return {
    cert: resolve(folder, cert),
    key: resolve(folder, key),
    ca: ca === undefined ? undefined : resolve(folder, ca),
  };
}

function readLimits(section: SettingsSection): ServerLimits {
  const limits: ServerLimits = {
    maxBodyBytes: section.read('maxBody', size, 10 * kilobyte * kilobyte),
    maxUrlBytes: section.read('maxUrl', size, 8 * kilobyte),
    maxHeaderBytes: section.read('maxHeader', size, 16 * kilobyte),
    idleTimeoutMs: section.read('idleTimeout', duration, 60_000),
  };
  section.close();
  return limits;
}

function readManagement(section: SettingsSection): ManagementConfig {
  const management: ManagementConfig = {
    bind: section.read('bind', bind, undefined),
    allowedOrigins: section.read('allowedOrigins', texts, []),
    allowedHosts: section.read('allowedHosts', texts, []),
  };
  section.close();
  return management;
}
