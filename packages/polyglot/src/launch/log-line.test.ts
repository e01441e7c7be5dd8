import { describe, expect, it } from 'vitest';
import { readLogLine } from './log-line.ts';

describe('a line that a plugin wrote', () => {
  it('is an entry with level and fields when it is JSON of hclog', () => {
    const line = '{"@level":"error","@message":"it broke","@module":"db","@timestamp":"2026","table":"keys"}';
    expect(readLogLine(line, 'stderr')).toEqual({
      level: 'error',
      message: 'it broke',
      fields: { '@module': 'db', table: 'keys', stream: 'stderr' },
    });
  });

  it('may name its level and message as other loggers do', () => {
    expect(readLogLine('{"level":"WARNING","msg":"soon full"}', 'stdout')).toMatchObject({
      level: 'warn',
      message: 'soon full',
    });
  });

  it.each(['plain words', '{"half', '{"no":"message"}', '{}'])('is told as it is otherwise: %s', (line) => {
    expect(readLogLine(line, 'stderr')).toEqual({ level: 'info', message: line, fields: { stream: 'stderr' } });
  });
});
