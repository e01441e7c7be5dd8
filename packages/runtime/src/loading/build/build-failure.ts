import type { CodedError } from '@hotswap/protocol';
import { messageOf } from '@hotswap/protocol';
import type { Message } from 'esbuild';
import { fail } from '../../errors.ts';
import type { RefusedAddon } from './native-addons.ts';

/** One error of a build, with the place it points at. Lines and columns count from 1. */
export interface BuildProblem {
  readonly message: string;
  /** Relative to the plugin's folder. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** The line in question and a marker below it. */
  readonly frame?: string;
}

/** Turns the bundler's messages into an error that names file, line and column and shows the line. */
export function buildFailure(messages: readonly Message[], plugin: string): CodedError {
  const addon = messages.map(({ detail }) => detail).find(isRefusedAddon);
  if (addon !== undefined) return addonError(addon, plugin);
  const problems = messages.map(toProblem);
  const summary = problems.map(toText).join('\n');
  const { message: reason = 'for no reason given', ...place } = problems[0] ?? {};
  return fail('BUILD_FAILED', { plugin, summary, reason, ...place, problems });
}

/** Whether the bundler ran and found errors in what it was given. */
export function isBuildFailure(thrown: unknown): thrown is { readonly errors: readonly Message[] } {
  return typeof thrown === 'object' && thrown !== null && 'errors' in thrown && Array.isArray(thrown.errors);
}

/** The messages in what the bundler threw. */
export function messagesOf(thrown: unknown): readonly Message[] {
  if (isBuildFailure(thrown)) return thrown.errors;
  return [{ id: '', pluginName: '', text: messageOf(thrown), location: null, notes: [], detail: undefined }];
}

function addonError({ nativeAddon: file }: RefusedAddon, plugin: string): CodedError {
  const owner = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)?.[1] ?? plugin;
  return fail('NATIVE_ADDON_REFUSED', { plugin, package: owner.replace('\\', '/'), file });
}

function toProblem({ text: message, location }: Message): BuildProblem {
  if (location === null) return { message };
  const { file, line, lineText, length } = location;
  // The bundler counts columns in bytes, from 0.
  const before = Buffer.from(lineText).subarray(0, location.column).toString();
  const gutter = `${line}`;
  const marker = `${before.replace(/[^\t]/g, ' ')}${'^'.repeat(Math.max(1, length))}`;
  const frame = `  ${gutter} | ${lineText}\n  ${' '.repeat(gutter.length)} | ${marker}`;
  return { message, file, line, column: before.length + 1, frame };
}

function toText({ message, file, line, column, frame }: BuildProblem): string {
  return file === undefined ? message : `${file}:${line}:${column}: ${message}\n${frame}`;
}

function isRefusedAddon(detail: unknown): detail is RefusedAddon {
  return typeof detail === 'object' && detail !== null && 'nativeAddon' in detail;
}
