import {createHash, createPublicKey, generateKeyPairSync, sign, verify} from 'node:crypto';
import type {KeyObject} from 'node:crypto';
import {isObject} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';

const ALGORITHM = 'ES256';
/** JSON Web Signatures are the two numbers alone (RFC 7518 §3.4), not DER. */
const ENCODING = 'ieee-p1363';

export type Verified = {readonly claims: JsonObject} | {readonly error: string};

/** The key that a cluster signs ServiceAccount tokens with: P-256, new with every cluster, never written down. */
export class SigningKey {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  /** SHA-256 of the public key's DER, as a kube-apiserver derives it. */
  readonly id: string;

  constructor() {
    const {privateKey} = generateKeyPairSync('ec', {namedCurve: 'P-256'});
    this.#privateKey = privateKey;
    this.#publicKey = createPublicKey(privateKey);
    const der = this.#publicKey.export({type: 'spki', format: 'der'});
    this.id = createHash('sha256').update(der).digest('base64url');
  }

  /** A JSON Web Token (RFC 7519) in compact form. */
  sign(claims: JsonObject): string {
    const signed = `${encode({alg: ALGORITHM, kid: this.id})}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(signed), {key: this.#privateKey, dsaEncoding: ENCODING});
    return `${signed}.${signature.toString('base64url')}`;
  }

  /**
   * @param issuer - tokens of others are nobody's business here
   * @returns the claims; why not, in the words of a kube-apiserver; undefined for what is no token of this issuer at all
   */
  verify(token: string, issuer: string): Verified | undefined {
    const [head = '', payload = '', signature = '', ...more] = token.split('.');
    const header = decode(head);
    const claims = decode(payload);
    if (more.length > 0 || header === undefined || claims?.['iss'] !== issuer) return undefined;
    const kid = header['kid'];
    if (kid !== undefined && kid !== '' && kid !== this.id) return {error: 'invalid signature, no keys found'};
    // The algorithm is ours, whatever the header says: `none` and an HMAC with the public key are the old attacks.
    const genuine =
      header['alg'] === ALGORITHM &&
      verify(
        'sha256',
        Buffer.from(`${head}.${payload}`),
        {key: this.#publicKey, dsaEncoding: ENCODING},
        Buffer.from(signature, 'base64url'),
      );
    return genuine ? {claims} : {error: 'go-jose/go-jose: error in cryptographic primitive'};
  }

  /** The JSON Web Key Set (RFC 7517) that others verify tokens with. */
  keySet(): JsonObject {
    const {x, y} = this.#publicKey.export({format: 'jwk'});
    return {keys: [{use: 'sig', kty: 'EC', kid: this.id, crv: 'P-256', alg: ALGORITHM, x, y}]};
  }

  get algorithm(): string {
    return ALGORITHM;
  }
}

function encode(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return isObject(value) ? value : undefined;
  } catch {
    // Not JSON: then it is no token.
    return undefined;
  }
}
