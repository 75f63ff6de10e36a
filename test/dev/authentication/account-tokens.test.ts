import {beforeEach, describe, expect, test} from 'vitest';
import {AccountTokens, ISSUER} from '../../../src/dev/authentication/account-tokens.ts';
import {TokenAuthenticator} from '../../../src/dev/authentication/token-authenticator.ts';
import {ANONYMOUS} from '../../../src/dev/authentication/user-info.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {memoryCluster, namespace} from '../controllers/memory-cluster.ts';

const ACCOUNTS = {group: '', plural: 'serviceaccounts'};
const SECRETS = {group: '', plural: 'secrets'};
const START_MS = Date.parse('2026-01-01T00:00:00Z');
const account = {apiVersion: 'v1', kind: 'ServiceAccount', metadata: {name: 'bot', namespace: 'bar'}};

let nowMs: number;
let cluster: ReturnType<typeof memoryCluster>;
let tokens: AccountTokens;
let authenticator: TokenAuthenticator;
let stored: JsonObject;

beforeEach(() => {
  nowMs = START_MS;
  cluster = memoryCluster();
  cluster.api.create({group: '', plural: 'namespaces'}, namespace('bar'));
  stored = cluster.api.create(ACCOUNTS, account);
  tokens = new AccountTokens(cluster.api, () => nowMs);
  authenticator = new TokenAuthenticator(tokens);
});

function issued(terms: Partial<Parameters<AccountTokens['issue']>[1]> = {}): string {
  return tokens.issue(stored, {audiences: [ISSUER], expirationSeconds: 3600, ...terms});
}

function errorOf(token: string): string | undefined {
  const verdict = authenticator.review(token);
  return 'error' in verdict ? verdict.error : undefined;
}

describe("a ServiceAccount's token", () => {
  test('is good for its time, and for a minute that clocks may differ', () => {
    const token = issued();
    nowMs = START_MS + 3_659_000;
    expect(errorOf(token)).toBeUndefined();
    nowMs = START_MS + 3_661_000;
    expect(errorOf(token)).toBe('[invalid bearer token, service account token has expired]');
  });

  test('is not good long before it was issued', () => {
    const token = issued();
    nowMs = START_MS - 59_000;
    expect(errorOf(token)).toBeUndefined();
    nowMs = START_MS - 61_000;
    expect(errorOf(token)).toBe('[invalid bearer token, service account token is not valid yet]');
  });

  test('ends with its account', () => {
    const token = issued();
    cluster.api.delete(ACCOUNTS, 'bar', 'bot');
    expect(errorOf(token)).toBe('[invalid bearer token, serviceaccounts "bot" not found]');
  });

  test('is not that of a namesake that comes later', () => {
    const token = issued();
    cluster.api.delete(ACCOUNTS, 'bar', 'bot');
    cluster.api.create(ACCOUNTS, account);
    expect(errorOf(token)).toMatch(
      /^\[invalid bearer token, service account UID \(.+\) does not match claim \(.+\)\]$/,
    );
  });

  test('ends with what it is bound to', () => {
    const metadata = {name: 's', namespace: 'bar'};
    const object = cluster.api.create(SECRETS, {apiVersion: 'v1', kind: 'Secret', metadata});
    const token = issued({bound: {kind: 'secret', object}});
    expect(errorOf(token)).toBeUndefined();
    cluster.api.delete(SECRETS, 'bar', 's');
    expect(errorOf(token)).toBe('[invalid bearer token, service account token has been invalidated]');
  });

  test("of another cluster's key is nobody's here", () => {
    const other = new AccountTokens(cluster.api, () => nowMs);
    const token = other.issue(stored, {audiences: [ISSUER], expirationSeconds: 3600});
    expect(errorOf(token)).toBe('[invalid bearer token, invalid signature, no keys found]');
  });

  test.each([
    ['without an algorithm', {alg: 'none'}],
    ['with an algorithm of a shared secret', {alg: 'HS256'}],
  ])('%s is refused, whatever its signature', (_name, header) => {
    const [, payload = '', signature = ''] = issued().split('.');
    const head = Buffer.from(JSON.stringify(header)).toString('base64url');
    const refused = '[invalid bearer token, go-jose/go-jose: error in cryptographic primitive]';
    expect(errorOf(`${head}.${payload}.${signature}`)).toBe(refused);
    expect(errorOf(`${head}.${payload}.`)).toBe(refused);
  });

  test('whose claims were changed is refused', () => {
    const [head = '', payload = '', signature = ''] = issued().split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as JsonObject;
    const changed = Buffer.from(JSON.stringify({...claims, exp: 9_999_999_999})).toString('base64url');
    expect(errorOf(`${head}.${changed}.${signature}`)).toMatch(/cryptographic primitive/);
  });
});

describe('the Authorization header', () => {
  test.each([undefined, '', 'Basic YTpi', 'Bearer', 'Bearer '])('%j is nobody', (header) => {
    expect(authenticator.authenticate(header)).toBe(ANONYMOUS);
  });

  test('with a token that nobody has is refused', () => {
    expect(() => authenticator.authenticate('Bearer zzz')).toThrow('Unauthorized');
  });

  test('with a token that was handed out is its user, whatever the case of the scheme', () => {
    const jane = {username: 'jane', uid: '', groups: ['system:authenticated']};
    authenticator.addUser('secret', jane);
    expect(authenticator.authenticate('bearer secret')).toBe(jane);
  });
});
