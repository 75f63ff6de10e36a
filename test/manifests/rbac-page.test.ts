import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';

import {OPTIONAL_FILES, ROLE_FILES, readManifest} from '../testbed/least-privilege/rules.ts';
import {keptForWiring} from '../testbed/least-privilege/optional-rights.ts';
import {rightsTable} from '../testbed/least-privilege/rights-table.ts';

const page = readFileSync(new URL('../../docs/rbac.md', import.meta.url), 'utf8');
/** A table is laid out by hand or by prettier; its words count. */
const words = page.replaceAll(/ +/g, ' ');

test.each(ROLE_FILES)('docs/rbac.md tells what each right of %s.yaml is kept for', (file) => {
  for (const row of rightsTable(file)) expect(words).toContain(row);
});

test.each(OPTIONAL_FILES)('docs/rbac.md tells what each right of the optional %s.yaml is kept for', (file) => {
  const rows = rightsTable(file, keptForWiring);
  for (const row of rows) expect(words).toContain(row);
  expect(rows.join(' ')).not.toContain('nothing');
  expect(page).toContain(`\`${file}.yaml\``);
});

test('docs/rbac.md tells about every policy of admission.yaml', () => {
  const policies = readManifest('admission').filter(({kind}) => kind === 'ValidatingAdmissionPolicy');
  for (const {metadata} of policies) expect(page).toContain(`\`${metadata.name}\``);
});

test('no user is named in a policy, and every policy denies by a binding of its name', () => {
  const objects = readManifest('admission');
  const names = (kind: string): string[] =>
    objects.filter((one) => one.kind === kind).map(({metadata}) => metadata.name);
  expect(names('ValidatingAdmissionPolicyBinding')).toEqual(names('ValidatingAdmissionPolicy'));
  expect(JSON.stringify(objects)).not.toMatch(/userInfo|system:serviceaccount/);
});

test.each([...ROLE_FILES, ...OPTIONAL_FILES])(
  '%s.yaml begins with the namespace that it needs, so that files can be applied in any order',
  (file) => {
    expect(readManifest(file)[0]).toMatchObject({kind: 'Namespace', metadata: {name: 'isthmus-system'}});
  },
);

test('wildcards are given to nobody', () => {
  for (const file of [...ROLE_FILES, ...OPTIONAL_FILES]) {
    const roles = readManifest(file).filter(({kind}) => kind.endsWith('Role'));
    expect(JSON.stringify(roles)).not.toContain('"*"');
  }
});
