/** How a connection is ended: what its close frame says. */
export interface SocketEnd {
  readonly code: number;
  readonly reason: string;
}

/** The server is taken down. */
export const serverCloses: SocketEnd = { code: 1001, reason: 'the server is closing' };

/** The plugin is unloaded or disabled: nothing will take the connection up again. */
export const pluginUnloaded: SocketEnd = { code: 1001, reason: 'the plugin was unloaded' };

/** A handler threw, took too long, or its isolate ended: what the client sent last may not have been handled. */
export const pluginFailed: SocketEnd = { code: 1011, reason: 'the plugin failed' };

/** More waits to be written than the host keeps for one client. */
export const tooSlow: SocketEnd = { code: 1013, reason: 'too much is waiting to be read' };

/**
 * The client shall connect again: with 1012 everything that was received from it has been handled, with 1013 the plugin
 * is down. The reason is `reconnect retry=N`, N in milliseconds.
 */
export function reconnect(code: 1012 | 1013, retryMs: number): SocketEnd {
  return { code, reason: `reconnect retry=${retryMs}` };
}
