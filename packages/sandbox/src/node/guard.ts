import type * as NodeModule from 'node:module';

/** Where what Node loads first is, inside. */
export const guardPath = '/run/hotswap/preload.cjs';

/**
 * The text of CommonJS statements that are loaded before any code of the program, in each thread. It closes what Node's
 * permission model leaves open or opens by flag. Defence in depth only: it lives in the same heap as what it guards
 * against, and nothing outside relies on it.
 */
export function guardText({ native }: { readonly native: boolean }): string {
  return `(${closeNode.toString()})(process, require('node:module'), ${String(native)});\n`;
}

/** Written out as text: it may use nothing but its arguments and globals. */
function closeNode(host: NodeJS.Process, modules: typeof NodeModule, native: boolean): void {
  // SQLite and FFI are closed by flags: libraries that can do without expect Node's own answer.
  const closed = new Set(['inspector', 'inspector/promises', 'wasi', 'repl', 'trace_events']);
  const refuse = (what: string): never => {
    throw Object.assign(new Error(`${what} is closed in this sandbox`), { code: 'ERR_ACCESS_DENIED' });
  };
  const isClosed = (name: unknown): boolean => closed.has(String(name).replace(/^node:/, ''));
  const replace = (owner: object, name: string, value: unknown): void => {
    if (name in owner) Object.defineProperty(owner, name, { value, writable: false, configurable: false });
  };

  modules.registerHooks({
    resolve: (specifier, context, next) => (isClosed(specifier) ? refuse(specifier) : next(specifier, context)),
  });
  const getBuiltin = host.getBuiltinModule.bind(host);
  replace(host, 'getBuiltinModule', (name: string) => (isClosed(name) ? refuse(name) : getBuiltin(name)));

  const shut = ['binding', '_linkedBinding', '_debugProcess', '_debugEnd', '_startProfilerIdleNotifier'];
  for (const name of shut) replace(host, name, () => refuse(`process.${name}`));
  if (!native) replace(host, 'dlopen', () => refuse('process.dlopen'));
  const kill = host.kill.bind(host);
  // Itself only; a group or another process is no concern of a program that cannot start any.
  replace(host, 'kill', (pid: number, signal?: string | number) =>
    pid === host.pid ? kill(pid, signal) : refuse('process.kill of another process'),
  );
  // The kernel is not asked: the call for it is refused here, and there is nothing to list.
  replace(host.getBuiltinModule('node:os'), 'networkInterfaces', () => ({}));
  modules.syncBuiltinESMExports();
  // Reading a report is how addons find out which C library there is.
  if (typeof host.report === 'object') replace(host.report, 'writeReport', () => refuse('process.report.writeReport'));
}
