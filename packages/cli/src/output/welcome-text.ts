import { relative } from 'node:path';
import type { Server } from '@hotswap/server';
import { formatReason } from './report-text.ts';
import type { Style } from './style.ts';

/** One for each plugin, but no more than catch the eye. */
const mostRoutesShown = 6;

/** The first event of a server as data, for `--json`. The token is in it at the start that made it. */
export function welcomeAsJson({ url, managementUrl, newToken, runtime }: Server): object {
  const { plugins, notices } = runtime.status();
  const states = plugins.map(({ name, state }) => ({ name, state }));
  return { event: 'listening', url, managementUrl, plugins: states, notices, newToken };
}

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

function hints({ url, settings, runtime }: Server, style: Style): readonly string[] {
  const { plugins } = runtime.status();
  const routes = plugins.flatMap(({ handlers }) => handlers.find((handler) => handler.startsWith('GET /')) ?? []);
  const [first] = plugins;
  return [
    style.dim('try next:'),
    ...routes.slice(0, mostRoutesShown).map((route) => `  curl ${url}${examplePath(route.slice('GET '.length))}`),
    '  hotswap plugin list',
    ...(settings.isDevelopment && first?.origin !== undefined
      ? [`  edit what is in ${folder(first.origin)} and save it: it is swapped while this goes on`]
      : []),
  ];
}

/** A path that matches a route: `/hello/:name` becomes `/hello/name`. */
function examplePath(route: string): string {
  return route.replaceAll(':', '').replace('*', '');
}

function folderOf({ settings }: Server): string {
  return folder(settings.config.plugins.directory);
}

function folder(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' ? '.' : near.startsWith('..') ? path : near;
}
