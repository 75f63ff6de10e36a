/**
 * Of a test that makes up what it does. Each run has another seed, and so have the long ones, since that finds what nobody thought
 * of; in CI (`CI=true` without `ISTHMUS_LONG`) it is always the same, so that a change is not refused for what it has nothing to do with.
 *
 * @param variable - of the environment, that names a seed to run again
 * @param fixed - the one of CI
 */
export function chosenSeed(variable: string, fixed: number, env: NodeJS.ProcessEnv = process.env): number {
  const given = env[variable];
  if (given !== undefined) return Number(given);
  return isAlwaysTheSame(env) ? fixed : Date.now() % 2 ** 31;
}

export function isAlwaysTheSame(env: NodeJS.ProcessEnv = process.env): boolean {
  return env['CI'] === 'true' && env['ISTHMUS_LONG'] !== '1';
}
