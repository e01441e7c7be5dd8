import { expect, it } from 'vitest';
import { hasEnded, ownMark, readMark, writeMark } from './host-mark.ts';

const own = await ownMark();

it('reads what it wrote', () => {
  expect(readMark(writeMark(own))).toEqual(own);
});

it.each(['', '12', '12_34', 'a_b_c_d', `${writeMark(own)}-3`])('takes %j for no mark', (text) => {
  expect(readMark(text)).toBeUndefined();
});

it('tells a process that ended from one that got its number later', () => {
  expect(hasEnded(own, own, own.startTicks)).toBe(false);
  expect(hasEnded(own, own, undefined)).toBe(true);
  expect(hasEnded(own, own, `${own.startTicks}1`)).toBe(true);
});

it('knows that nothing outlives a start of the machine', () => {
  expect(hasEnded({ ...own, boot: own.boot.replaceAll(/\d/g, '0') }, own, own.startTicks)).toBe(true);
});

it('does not judge processes that it cannot see', () => {
  expect(hasEnded({ ...own, pidSpace: '1' }, own, undefined)).toBe(false);
});
