import type {Right, RoleFile} from './rules.ts';
import {rightsOf} from './rules.ts';
import {behaviourOf} from './trial.ts';

/** The rights of a manifest as docs/rbac.md has them: one line for each behaviour, with the rights that it needs. */
export function rightsTable(
  file: RoleFile,
  keptFor: (right: Right) => string | undefined = (right) => behaviourOf(right)?.what,
): readonly string[] {
  const rows = new Map<string, Right[]>();
  for (const right of rightsOf(file)) {
    const what = keptFor(right) ?? 'nothing';
    rows.set(what, [...(rows.get(what) ?? []), right]);
  }
  return [...rows].map(([what, rights]) => `| ${objectsOf(rights).join('; ')} | ${what} |`);
}

/** Verbs by what they are for: `list, watch services`. */
function objectsOf(rights: readonly Right[]): readonly string[] {
  const verbs = new Map<string, string[]>();
  for (const {group, resource, name, verb, role} of rights) {
    const place = role.metadata.namespace === undefined ? '' : ` in ${role.metadata.namespace}`;
    const object = `\`${group === '' ? resource : `${resource}.${group}`}\`${name === undefined ? '' : ` ${name}`}${place}`;
    verbs.set(object, [...(verbs.get(object) ?? []), verb]);
  }
  return [...verbs].map(([object, all]) => `${all.join(', ')} ${object}`);
}
