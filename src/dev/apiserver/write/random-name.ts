import {randomInt} from 'node:crypto';

/** No vowels and no look-alikes: a generated name spells nothing (k8s.io/apimachinery's alphabet). */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
const MAX_PREFIX_LENGTH = 58;

/** `generateName`, cut to 58 characters, and five random ones. */
export function generatedName(prefix: string): string {
  let suffix = '';
  for (let i = 0; i < SUFFIX_LENGTH; i++) suffix += ALPHABET[randomInt(ALPHABET.length)];
  return prefix.slice(0, MAX_PREFIX_LENGTH) + suffix;
}
