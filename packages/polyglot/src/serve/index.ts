// For authors: a plugin written for Node that hosts of other kinds start too. Loads nothing of a host, so that it starts fast.
export { servePlugin } from './serve-plugin.ts';
export type { ServedCall, ServedPlugin, ServedRoute, ServedStart, ServedState } from './served-plugin.ts';
