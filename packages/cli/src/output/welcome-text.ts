import { relative } from 'node:path';
import type { Server } from '@hotswap/server';
import { formatReason } from './report-text.ts';
import type { Style } from './style.ts';

/** What stands on the first lines of a server: where it listens, what an operator must know, what to try next. */
export function formatWelcome(server: Server, style: Style): string {
  const status = server.runtime.status();
  const names = status.plugins.map(({ name, state }) => (state === 'active' ? name : `${name} (${state})`));
  const lines = [
    // Scripts wait for exactly this line.
    `listening on ${server.url}`,
    ...(server.managementUrl === server.url ? [] : [`management on ${server.managementUrl}`]),
    `plugins: ${names.length > 0 ? names.join(', ') : `none yet, put one into ${folderOf(server)}`}`,
    ...status.plugins.flatMap(({ name, reason }) =>
      reason ? [`${style.bad(name)}: ${formatReason(reason, style)}`] : [],
    ),
    ...status.notices.map((notice) => `${style.caution('notice:')} ${notice}`),
    ...tokenLines(server, style),
    ...hints(server, style),
  ];
  return lines.join('\n');
}

function tokenLines({ newToken, settings }: Server, style: Style): readonly string[] {
  if (newToken === undefined) return [];
  return [
    `management token: ${style.bold(newToken)}`,
    style.dim(`  shown this once; commands on this machine find it in ${folder(settings.config.server.data)}`),
  ];
}

function hints(server: Server, style: Style): readonly string[] {
  const { settings, runtime } = server;
  const route = runtime
    .status()
    .plugins.flatMap(({ handlers }) => handlers)
    .find((handler) => handler.startsWith('GET /'));
  return [
    style.dim('try next:'),
    ...(route === undefined ? [] : [`  curl ${server.url}${route.slice('GET '.length)}`]),
    '  hotswap plugin list',
    ...(settings.isDevelopment ? ['  edit a plugin and save it: it is swapped while this goes on'] : []),
  ];
}

function folderOf({ settings }: Server): string {
  return folder(settings.config.plugins.directory);
}

function folder(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' ? '.' : near.startsWith('..') ? path : near;
}
