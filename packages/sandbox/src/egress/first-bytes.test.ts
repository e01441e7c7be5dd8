import { describe, expect, it } from 'vitest';
import { judgeFirstBytes } from './first-bytes.ts';

const destination = { host: 'db.example', port: 5432 };
const judge = (hex: string) => judgeFirstBytes(Buffer.from(hex, 'hex'), destination);

describe('the first bytes of a connection', () => {
  it.each(['0000000804d2162f', '0000000804d21630'])(
    'are waited for until %s is whole, then looked past',
    (preamble) => {
      for (let digits = 2; digits < preamble.length; digits += 2) {
        expect(judge(preamble.slice(0, digits))).toEqual({ kind: 'wait' });
      }
      expect(judge(preamble)).toEqual({ kind: 'skip', length: 8 });
      expect(judge(`${preamble}1603010005`)).toEqual({ kind: 'skip', length: 8 });
    },
  );

  it.each(['00000009', '0000000804d21631', '2a310d0a', '160000'])('pass when they are %s', (bytes) => {
    expect(judge(bytes)).toEqual({ kind: 'pass' });
  });

  it('are refused as TLS that cannot be read', () => {
    expect(judge('16030100050200000100')).toMatchObject({
      kind: 'refuse',
      error: { code: 'SANDBOX_EGRESS_TLS_UNREADABLE', message: expect.stringContaining('db.example:5432') },
    });
  });
});
