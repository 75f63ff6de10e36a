/** What a bound token of a ServiceAccount says of itself. */
export interface TokenLifetime {
  /** Milliseconds since the epoch, by the clock of the API server that made it. */
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** Whose token it is; undefined: not a ServiceAccount's. */
  readonly account: {readonly namespace: string; readonly name: string} | undefined;
}

/**
 * Reads the claims of a token, which is a JWT (RFC 7519 §4.1). Nothing is verified: the API server alone can do that, and nothing may
 * be decided by this but when to ask it for another one.
 *
 * @returns undefined for a token that is none, or that never expires
 */
export function tokenLifetime(token: string): TokenLifetime | undefined {
  const claims = claimsOf(token);
  const {iat, exp, sub} = claims ?? {};
  if (typeof iat !== 'number' || typeof exp !== 'number' || exp <= iat) return undefined;
  return {issuedAtMs: iat * 1_000, expiresAtMs: exp * 1_000, account: accountOf(sub)};
}

function claimsOf(token: string): Record<string, unknown> | undefined {
  try {
    const text = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
    const claims: unknown = JSON.parse(text);
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function accountOf(subject: unknown): TokenLifetime['account'] {
  if (typeof subject !== 'string') return undefined;
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(subject) ?? [];
  return namespace === undefined || name === undefined ? undefined : {namespace, name};
}
