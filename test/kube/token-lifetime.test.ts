import {describe, expect, test} from 'vitest';

import {tokenLifetime} from '../../src/kube/token-lifetime.ts';

const encode = (claims: unknown): string =>
  `e30.${Buffer.from(typeof claims === 'string' ? claims : JSON.stringify(claims)).toString('base64url')}.c2ln`;

const rows: readonly {
  readonly name: string;
  readonly token: string;
  readonly is: ReturnType<typeof tokenLifetime>;
}[] = [
  {
    name: "a ServiceAccount's token",
    token: encode({iat: 100, exp: 700, sub: 'system:serviceaccount:isthmus-system:isthmus-hub'}),
    is: {issuedAtMs: 100_000, expiresAtMs: 700_000, account: {namespace: 'isthmus-system', name: 'isthmus-hub'}},
  },
  {
    name: "somebody else's",
    token: encode({iat: 100, exp: 700, sub: 'admin'}),
    is: {issuedAtMs: 100_000, expiresAtMs: 700_000, account: undefined},
  },
  {name: 'one that never expires', token: encode({iat: 100, sub: 'system:serviceaccount:a:b'}), is: undefined},
  {name: 'one that expired before it was issued', token: encode({iat: 700, exp: 100}), is: undefined},
  {name: 'times that are no numbers', token: encode({iat: '100', exp: '700'}), is: undefined},
  {name: 'claims that are no object', token: encode(null), is: undefined},
  {name: 'no JSON', token: encode('{'), is: undefined},
  {name: 'no JWT at all', token: 'abcdef.0123456789', is: undefined},
  {name: 'nothing', token: '', is: undefined},
];

describe('what a token says of its life', () => {
  test.each(rows)('$name', ({token, is}) => {
    expect(tokenLifetime(token)).toEqual(is);
  });
});
