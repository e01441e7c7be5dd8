import type { CodedError } from '@hotswap/protocol';
import { messageOf } from '@hotswap/protocol';
import type { Message } from 'esbuild';
import { fail } from '../errors.ts';
import type { Refusal } from './confine-build.ts';

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

/** Turns what the bundler threw into an error that names file, line and column and shows the line. */
export function buildFailure(thrown: unknown, plugin: string): CodedError {
  const messages = messagesOf(thrown);
  const refusal = messages.map(({ detail }) => detail).find(isRefusal);
  if (refusal !== undefined) return refusalError(refusal, plugin, thrown);
  const problems = messages.length > 0 ? messages.map(toProblem) : [{ message: messageOf(thrown) }];
  const summary = problems.map(toText).join('\n');
  const { message: reason, ...place } = problems[0] ?? { message: summary };
  return fail('BUILD_FAILED', { plugin, summary, reason, ...place, problems }, { cause: thrown });
}

function refusalError({ refused, file }: Refusal, plugin: string, cause: unknown): CodedError {
  if (refused === 'outside') return fail('BUILD_FILE_REFUSED', { plugin, file }, { cause });
  const owner = /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)?.[1] ?? plugin;
  return fail('NATIVE_ADDON_REFUSED', { plugin, package: owner.replace('\\', '/'), file }, { cause });
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

function messagesOf(thrown: unknown): readonly Message[] {
  if (typeof thrown !== 'object' || thrown === null || !('errors' in thrown)) return [];
  return Array.isArray(thrown.errors) ? thrown.errors : [];
}

function isRefusal(detail: unknown): detail is Refusal {
  return typeof detail === 'object' && detail !== null && 'refused' in detail && 'file' in detail;
}
