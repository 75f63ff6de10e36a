import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {goJsonError} from '../../../src/dev/schema/go-json-error.ts';

/** What Go's encoding/json says of each text. */
const TEXTS: readonly (readonly [text: string, says: string])[] = [
  ['', 'unexpected end of JSON input'],
  [' ', 'unexpected end of JSON input'],
  ['{"a":', 'unexpected end of JSON input'],
  ['{"a', 'unexpected end of JSON input'],
  ['[1,', 'unexpected end of JSON input'],
  ['tru', 'unexpected end of JSON input'],
  ['-', 'unexpected end of JSON input'],
  ['"\\', 'unexpected end of JSON input'],
  ['nope', "invalid character 'o' in literal null (expecting 'u')"],
  ['trap', "invalid character 'a' in literal true (expecting 'u')"],
  ['{nope}', "invalid character 'n' looking for beginning of object key string"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['[1,]', "invalid character ']' looking for beginning of value"],
  ['<html>', "invalid character '<' looking for beginning of value"],
  ["'a'", "invalid character '\\'' looking for beginning of value"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b"}', `invalid character '"' after object key:value pair`],
  ['[1 2]', "invalid character '2' after array element"],
  ['{} {}', "invalid character '{' after top-level value"],
  ['01', "invalid character '1' after top-level value"],
  ['1.x', "invalid character 'x' after decimal point in numeric literal"],
  ['1ex', "invalid character 'x' in exponent of numeric literal"],
  ['-x', "invalid character 'x' in numeric literal"],
  ['"a\nb"', "invalid character '\\n' in string literal"],
  ['"\\x"', "invalid character 'x' in string escape code"],
];

describe('goJsonError', () => {
  test.each(TEXTS)('%s', (text, says) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    expect(goJsonError(text)).toBe(says);
  });

  test('says something of every text that is no JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', 'x', '"'), (json, at, char) => {
        const cut = at % (json.length + 1);
        const text = json.slice(0, cut) + char + json.slice(cut + 1);
        try {
          JSON.parse(text);
        } catch {
          expect(goJsonError(text)).toMatch(/^(unexpected end of JSON input|invalid character '.+' .+)$/s);
        }
      }),
    );
  });
});
