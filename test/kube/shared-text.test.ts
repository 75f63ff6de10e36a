import {expect, test} from 'vitest';
import {sharedText} from '../../src/kube/shared-text.ts';

test('every text comes back as it is', () => {
  for (const text of ['', 'bar/foo', 'x'.repeat(10_000), '\u0000', '__proto__']) expect(sharedText(text)).toBe(text);
});

test('more different texts than it remembers: what comes then is right all the same', () => {
  for (let i = 0; i < 200_000; i++) sharedText(`text ${i}`);
  expect(sharedText('text 0')).toBe('text 0');
  expect(sharedText('text 199999')).toBe('text 199999');
});
