import { transform } from 'esbuild';
import { expect, test } from 'vitest';
import { rewriteModule, shiftSourceMap } from '../loading/rewrite-module.ts';
import { compileProgram } from './compile.ts';
import type { TextProgram } from './compile.ts';
import { mapStack } from './foreign-stack.ts';

const source = `
interface Greeting {
  readonly text: string;
}

export async function greet(greeting: Greeting): Promise<string> {
  if (greeting.text === '') throw new Error('nothing to say');
  return greeting.text;
}
`;

async function compiled(sourcefile: string): Promise<TextProgram> {
  const { code, map } = await transform(source, { loader: 'ts', sourcemap: 'external', sourcefile });
  return {
    type: 'text',
    body: rewriteModule(code).body,
    sourceMap: shiftSourceMap(map),
    file: '/plugins/x/src/index.ts',
  };
}

async function stackOf(program: TextProgram): Promise<string> {
  const exports = await compileProgram(program)({ globals: {}, import: async () => ({}) });
  const error: Error = await (exports['greet'] as (greeting: object) => Promise<never>)({ text: '' }).catch((e) => e);
  return String(error.stack);
}

test('a frame names the author’s file, line and column', async () => {
  const program = await compiled('lib/greet.ts');
  const stack = await stackOf(program);
  expect(stack).not.toContain('greet.ts');
  expect(mapStack(stack, program)).toContain('greet (/plugins/x/src/lib/greet.ts:7:35)');
});

test('frames of other files, and the message, stay as they are', async () => {
  const program = await compiled('index.ts');
  const stack = 'Error: boom\n    at other (/plugins/xx/src/index.ts:5:1)\n    at /host/plugins/x/src/index.ts:5:2';
  expect(mapStack(stack, program)).toBe(stack);
});

test('a place that no line of the author stands for stays as it is', async () => {
  const program = await compiled('index.ts');
  const stack = 'Error: boom\n    at async /plugins/x/src/index.ts:1:60';
  expect(mapStack(stack, program)).toBe(stack);
});
