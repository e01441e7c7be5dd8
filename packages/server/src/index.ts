// For the command line and for hosts that want the whole server in their process.
export { startServer } from './server.ts';
export type { Server, ServerOptions } from './server.ts';
export { runUntilStopped } from './run-until-stopped.ts';
export type { StopSignals, Stoppable } from './run-until-stopped.ts';
export { createServerLog } from './server-log.ts';
export type { LogLevel, LogOptions } from './server-log.ts';

// For hosts that put a server of their own together.
export { openListener } from './http-listener.ts';
export { managementFirst } from './listeners.ts';
export type { HttpListener, ListenOptions, RequestListener } from './http-listener.ts';

// For clients on the same machine.
export { operatorTokenFile, saveOperatorToken } from './operator-token.ts';
