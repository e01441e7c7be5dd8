import { dirname, resolve } from 'node:path';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import type { TextProgram } from './compile.ts';

// A map is read when the first error needs it, and forgotten with its program.
const readMaps = new WeakMap<TextProgram, TraceMap>();

/**
 * Turns the frames of a compiled program into the author's file, line and column. Other frames stay as they are.
 *
 * Call it once per stack, where the error leaves the guest: the program's file may also be one of the author's files.
 */
export function mapStack(stack: string, program: TextProgram): string {
  const { file, sourceMap } = program;
  if (sourceMap === undefined || !stack.includes(file)) return stack;
  const escaped = file.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const place = new RegExp(`(?<![^\\s(])${escaped}:(\\d+):(\\d+)`, 'g');
  return stack.replace(place, (frame, line: string, column: string) => {
    const original = originalPositionFor(readMap(program, sourceMap), {
      line: Number(line),
      column: Number(column) - 1,
    });
    if (original.source === null) return frame;
    return `${resolve(dirname(file), original.source)}:${original.line}:${original.column + 1}`;
  });
}

function readMap(program: TextProgram, sourceMap: string): TraceMap {
  const known = readMaps.get(program);
  if (known !== undefined) return known;
  const map = new TraceMap(sourceMap);
  readMaps.set(program, map);
  return map;
}
