// For the command line and for hosts that want the whole server in their process.
export { startServer } from './server.ts';
export type { HostPart, Server, ServerOptions } from './server.ts';
export { runUntilStopped } from './run-until-stopped.ts';
export type { StopSignals, Stoppable } from './run-until-stopped.ts';
export { createServerLog } from './server-log.ts';
export type { LogLevel, LogOptions } from './server-log.ts';

// For clients on the same machine.
export { operatorTokenFile } from './operator-token.ts';
