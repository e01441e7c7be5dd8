import { afterEach, beforeEach, expect, test } from 'vitest';
import { ada, addForm, grace, lookUp, makeKey, revoked, withUsers } from '../../test/make-key.ts';
import { noExtensions } from '../extension-points.ts';
import { SqliteKeyStore } from '../keys/sqlite-key-store.ts';
import { readArmors } from '../openpgp/armor.ts';
import { defaultLimits } from '../openpgp/submission.ts';
import { createHkpHandler } from './routes.ts';
import type { HkpHandler } from './routes.ts';

let store: SqliteKeyStore;
let handle: HkpHandler;
let now: number;

beforeEach(() => {
  now = Date.now();
  store = new SqliteKeyStore(':memory:');
  handle = createHkpHandler({ store, extensions: noExtensions, limits: defaultLimits, now: () => now });
});

afterEach(() => store.close());

async function ask(request: Request): Promise<{ status: number; type: string | null; body: string }> {
  const { status, headers, ...answer } = await handle(request).then(async (response) => ({
    status: response.status,
    headers: response.headers,
    body: await response.text(),
  }));
  return { status, type: headers.get('content-type'), body: answer.body };
}

test('takes a key in and gives it back, by every name it has', async () => {
  const key = await makeKey();
  expect(await ask(addForm(key.armored))).toMatchObject({ status: 200, body: `added ${key.fingerprint}\n` });
  const id = key.fingerprint.slice(-16);
  const names = [key.fingerprint, `0x${key.fingerprint}`, `0x${id.toLowerCase()}`, `0x${id.slice(-8)}`, 'lovelace ADA'];
  for (const name of [...names, 'ada@example.org', '<ada@example.org>']) {
    const answer = await ask(lookUp(`op=get&options=mr&search=${name}`));
    expect(answer, name).toMatchObject({ status: 200, type: 'application/pgp-keys; charset=utf-8' });
    expect(readArmors(answer.body), name).toEqual([Buffer.from(key.publicKey.write())]);
  }
});

test('writes the machine-readable index', async () => {
  const date = new Date('2020-01-01T00:00:00Z');
  const key = await makeKey({ users: [{ name: 'Ada: 100%', email: 'a@b.org' }], date, keyExpirationTime: 86_400 });
  await ask(addForm(key.armored));
  expect((await ask(lookUp('op=index&options=mr&search=ada&fingerprint=on'))).body).toBe(
    [
      'info:1:1',
      `pub:${key.fingerprint}:22:255:1577836800:1577923200:e`,
      'uid:Ada%3A%20100%25%20%3Ca%40b.org%3E:1577836800::',
      '',
    ].join('\n'),
  );
  now = Date.parse('2020-01-01T12:00:00Z');
  expect((await ask(lookUp('op=vindex&options=mr&search=ada'))).body).toContain(':1577923200:\n');
});

test('marks revoked keys', async () => {
  const key = await makeKey();
  await ask(addForm(await revoked(key)));
  expect((await ask(lookUp('op=index&options=mr&search=ada'))).body).toMatch(/^pub:.*::r$/m);
});

test('writes an index for programs and one for people, in which nothing of a key is markup', async () => {
  const key = await makeKey({ users: [{ name: '<script>alert(1)</script>', email: 'a@b.org' }] });
  await ask(addForm(key.armored));
  const json = await ask(lookUp('op=index&options=json&search=script'));
  expect(JSON.parse(json.body)).toMatchObject([{ fingerprint: key.fingerprint, isExpired: false, isRevoked: false }]);
  const html = await ask(lookUp('op=vindex&search=script<b>'.replace('<b>', '')));
  expect(html.type).toBe('text/html; charset=utf-8');
  expect(html.body).not.toContain('<script>');
  expect(html.body).toContain(key.fingerprint);
  expect((await handle(lookUp('op=index&search=script'))).headers.get('content-security-policy')).toContain("'none'");
});

test('takes several keys in one post, and a revocation with its key', async () => {
  const [one, two] = await Promise.all([makeKey(), makeKey({ users: [grace] })]);
  const answer = await ask(addForm(two.revocation + one.armored + two.armored, { options: 'json' }));
  expect(JSON.parse(answer.body)).toMatchObject({
    results: [
      { outcome: 'added', fingerprint: one.fingerprint },
      { outcome: 'added', fingerprint: two.fingerprint },
      { outcome: 'changed', fingerprint: two.fingerprint },
    ],
    errors: [],
  });
});

test('takes the good keys of a post and names the bad ones', async () => {
  const [good, bad] = await Promise.all([makeKey(), makeKey()]);
  const { publicKey } = bad;
  publicKey.users = [];
  publicKey.subkeys = [];
  const answer = await ask(addForm(publicKey.armor() + good.armored));
  expect(answer.status).toBe(200);
  expect(answer.body).toContain(`added ${good.fingerprint}`);
  expect(answer.body).toContain('KEY_UNVERIFIABLE');
  expect(await ask(addForm(publicKey.armor()))).toMatchObject({ status: 422 });
});

test('keeps both user ids when two clients add them at once', async () => {
  const key = await makeKey();
  const other = await withUsers(key, [grace]);
  await Promise.all([ask(addForm(key.armored)), ask(addForm(other.armored))]);
  const index = await ask(lookUp(`op=index&options=mr&search=0x${key.fingerprint}`));
  expect(index.body.match(/^uid:/gm)).toHaveLength(2);
});

test('says what it left out of a key', async () => {
  const [mine, signer] = await Promise.all([makeKey(), makeKey()]);
  const signed = await mine.publicKey.signAllUsers([signer.privateKey]);
  expect((await ask(addForm(signed.armor()))).body).toMatch(/^added \w+ without signature: /);
});

test.each([
  ['no key', '', 400, 'KEYTEXT_MISSING'],
  ['text', 'hello', 400, 'ARMOR_INVALID'],
])('refuses a post with %s', async (_, keytext, status, code) => {
  expect(await ask(addForm(keytext))).toMatchObject({ status, body: expect.stringContaining(code) });
});

test('refuses a secret key and stores nothing of the post', async () => {
  const [good, secret] = await Promise.all([makeKey(), makeKey()]);
  const answer = await ask(addForm(good.armored + secret.privateKey.armor()));
  expect(answer).toMatchObject({ status: 422, body: expect.stringContaining('KEY_SECRET') });
  expect(await store.statistics()).toMatchObject({ keys: 0 });
});

test('refuses a post that is too large', async () => {
  const tooLarge = { status: 413, body: expect.stringContaining('KEY_TOO_LARGE') };
  expect(await ask(addForm('x'.repeat(defaultLimits.maxArmorBytes + 1)))).toMatchObject(tooLarge);
  const body = 'x'.repeat(3 * defaultLimits.maxArmorBytes + 1);
  expect(await ask(new Request('http://localhost/pks/add', { method: 'POST', body }))).toMatchObject(tooLarge);
});

test('takes an armored key that is not in a form', async () => {
  const { armored, fingerprint } = await makeKey();
  const request = new Request('http://localhost/pks/add', { method: 'POST', body: armored });
  expect(await ask(request)).toMatchObject({ status: 200, body: `added ${fingerprint}\n` });
});

test('gives keys of version 6 only to who asks for them', async () => {
  const [old, young] = await Promise.all([makeKey(), makeKey({ v6Keys: true })]);
  await ask(addForm(old.armored + young.armored));
  expect((await ask(lookUp('op=index&options=mr&search=ada'))).body).toMatch(/^info:1:1\n/);
  expect((await ask(lookUp('op=index&options=mr,v6&search=ada'))).body).toMatch(/^info:1:2\n/);
  expect((await ask(lookUp(`op=get&search=0x${young.fingerprint.slice(0, 16)}`))).status).toBe(404);
  const got = await ask(lookUp(`op=get&search=0x${young.fingerprint}`));
  expect(readArmors(got.body)).toEqual([Buffer.from(young.publicKey.write())]);
});

test('gives an exact state by its digest', async () => {
  const key = await makeKey();
  await ask(addForm(key.armored));
  const [{ digest }] = JSON.parse((await ask(lookUp('op=index&options=json&search=ada'))).body);
  const answer = await ask(lookUp(`op=hget&search=${digest}&options=json`));
  expect(JSON.parse(answer.body)).toMatchObject({ keys: [key.fingerprint] });
  expect(await ask(lookUp('op=hget&search=abc'))).toMatchObject({ status: 400 });
});

test.each([
  ['op=get&search=0x0123456789abcdef', 404, 'KEY_NOT_FOUND'],
  ['op=get&search=nobody&exact=on', 404, 'KEY_NOT_FOUND'],
  ['op=get', 400, 'LOOKUP_INVALID'],
  ['op=get&search=0xnothex', 400, 'LOOKUP_INVALID'],
  ['op=index&search=...', 400, 'LOOKUP_INVALID'],
  ['op=x-magic&search=ada', 501, 'OPERATION_UNSUPPORTED'],
])('answers %s with %i', async (query, status, code) => {
  expect(await ask(lookUp(query))).toMatchObject({ status, body: expect.stringContaining(code) });
});

test('refuses to list half the store', async () => {
  const many = await Promise.all([makeKey(), makeKey()]);
  await ask(addForm(many.map(({ armored }) => armored).join('')));
  const found = await store.find({ kind: 'words', words: ['ada'] }, 1);
  store.find = async () => Array.from({ length: 500 }, () => found[0]!);
  const answer = await ask(lookUp('op=index&search=ada'));
  expect(answer).toMatchObject({ status: 413, body: expect.stringContaining('LOOKUP_TOO_WIDE') });
});

test('tells statistics and health', async () => {
  await ask(addForm((await makeKey({ users: [ada] })).armored));
  for (const path of ['/pks/stats', '/pks/lookup?op=stats']) {
    const answer = await ask(new Request(`http://localhost${path}`));
    expect(JSON.parse(answer.body)).toMatchObject({ numkeys: 1, hourly: [{ inserted: 1, updated: 0 }] });
  }
  const health = await ask(new Request('http://localhost/pks/health/'));
  expect(JSON.parse(health.body)).toEqual({ status: 'healthy', numkeys: 1 });
});

test('knows its paths and their methods', async () => {
  const get = (path: string, method = 'GET') => handle(new Request(`http://localhost${path}`, { method }));
  expect((await get('/elsewhere')).status).toBe(404);
  expect((await get('/pks/hashquery', 'POST')).status).toBe(501);
  expect((await get('/pks/v2/index/x')).status).toBe(501);
  expect((await get('/pks/health', 'HEAD')).status).toBe(200);
  const refused = await get('/pks/add');
  expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'POST']);
});

test('throws what is no answer to the client', async () => {
  await store.close();
  await expect(handle(lookUp('op=get&search=ada'))).rejects.toThrow(/not open/);
});
