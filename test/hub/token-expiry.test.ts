import {expect, test} from 'vitest';

import type {ClusterAccess} from '../../src/hub/cluster-access.ts';
import {tokenExpiryMs} from '../../src/hub/token-expiry.ts';

const claims = Buffer.from(JSON.stringify({iat: 100, exp: 700, sub: 'admin'})).toString('base64url');
const EXPIRING = `e30.${claims}.c2ln`;

function accessBy(token: string | undefined, fingerprint = 'digest'): ClusterAccess {
  const credentials = {server: 'https://192.0.2.1', ca: '', ...(token === undefined ? {} : {token})};
  return {ok: true, credentials, fingerprint};
}

const rows: readonly {readonly name: string; readonly access: ClusterAccess | undefined; readonly is?: number}[] = [
  {name: 'a token of any account that expires', access: accessBy(EXPIRING), is: 700_000},
  {name: 'a token that says nothing', access: accessBy('abcdef.0123456789')},
  {name: 'a client certificate, no token', access: accessBy(undefined)},
  {name: "the hub's own token, which its node renews", access: accessBy(EXPIRING, 'own')},
  {name: 'a kubeconfig that is refused', access: {ok: false, reason: 'KubeconfigRefused', message: ''}},
  {name: 'a Cluster that was not looked at yet', access: undefined},
];

test.each(rows)('until when the token is good, by its own word or not at all: $name', ({access, is}) => {
  expect(tokenExpiryMs(access)).toBe(is);
});
