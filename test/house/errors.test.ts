import {readFileSync, readdirSync} from 'node:fs';
import {join, resolve} from 'node:path';

import {expect, test} from 'vitest';

import {ERRORS} from '../../src/errors.ts';

const root = resolve(import.meta.dirname, '../..');

function text(folder: string): string {
  return readdirSync(join(root, folder), {withFileTypes: true, recursive: true})
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && entry.name !== 'errors.ts')
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');
}

test('every error code is used somewhere', () => {
  const sources = ['src', 'webhooks', 'dns', 'cli'].map(text).join('\n');
  expect(Object.keys(ERRORS).filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
});

test('every error code is described in docs/errors.md', () => {
  const docs = readFileSync(join(root, 'docs/errors.md'), 'utf8');
  expect(Object.keys(ERRORS).filter((code) => !docs.includes(`\`${code}\``))).toEqual([]);
});
