// For hosts that offer the same commands under another name.
export { createProgram, runCommandLine } from './command-line.ts';
export { processTerminal } from './terminal.ts';
export type { OutputStream, Terminal } from './terminal.ts';
export type { Shell } from './verb.ts';
