import {readFileSync} from 'node:fs';
import {parseAllDocuments} from 'yaml';

import type {KubeObject} from '../../../src/api/meta.ts';

interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Role extends KubeObject {
  readonly rules: readonly PolicyRule[];
}

interface Binding extends KubeObject {
  readonly roleRef: {readonly kind: string; readonly name: string};
  readonly subjects: readonly {readonly name: string}[];
}

/** One right: as small as RBAC can say it. */
export interface Right {
  readonly file: RoleFile;
  readonly role: Pick<Role, 'kind' | 'metadata'>;
  /** The ServiceAccount that the role is bound to. */
  readonly account: string;
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  /** Where the rule names its objects. */
  readonly name: string | undefined;
}

export const ROLE_FILES = ['hub', 'agent', 'member'] as const;
/** Applied only by who wants what they are for; what they are kept for is tried by suites of their own. */
export const OPTIONAL_FILES = ['dns-wiring'] as const;
export type RoleFile = (typeof ROLE_FILES)[number] | (typeof OPTIONAL_FILES)[number];

const INSTALL = new URL('../../../manifests/install/', import.meta.url);

export function readManifest(name: string): readonly KubeObject[] {
  const text = readFileSync(new URL(`${name}.yaml`, INSTALL), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
}

/** Every right that the roles of a manifest give. */
export function rightsOf(file: RoleFile): readonly Right[] {
  const objects = readManifest(file);
  return objects.filter(isRole).flatMap((role) => {
    const account = accountOf(role, objects);
    return role.rules.flatMap((rule) => spread(rule).map((right) => ({file, role, account, ...right})));
  });
}

/** `member: create clusterproperties.about.k8s.io clusterset.k8s.io` */
export function titleOf({file, verb, group, resource, name}: Right): string {
  const at = group === '' ? resource : `${resource}.${group}`;
  return `${file}: ${verb} ${at}${name === undefined ? '' : ` ${name}`}`;
}

/** The rules of a right's role, without that right. */
export function rulesWithout(right: Right): readonly PolicyRule[] {
  const without = titleOf(right);
  const isSameRole = ({role}: Right): boolean =>
    role.kind === right.role.kind &&
    role.metadata.name === right.role.metadata.name &&
    role.metadata.namespace === right.role.metadata.namespace;
  return rightsOf(right.file)
    .filter((other) => isSameRole(other) && titleOf(other) !== without)
    .map(({group, resource, verb, name}) => ({
      ...{apiGroups: [group], resources: [resource], verbs: [verb]},
      ...(name === undefined ? {} : {resourceNames: [name]}),
    }));
}

export function allRules(right: Right): readonly PolicyRule[] {
  return (right.role as Role).rules;
}

function spread(rule: PolicyRule): Pick<Right, 'group' | 'resource' | 'verb' | 'name'>[] {
  const names = rule.resourceNames ?? [undefined];
  return rule.apiGroups.flatMap((group) =>
    rule.resources.flatMap((resource) =>
      rule.verbs.flatMap((verb) => names.map((name) => ({group, resource, verb, name}))),
    ),
  );
}

function accountOf(role: Role, objects: readonly KubeObject[]): string {
  const binding = objects.find(
    (object): object is Binding =>
      object.kind === `${role.kind}Binding` &&
      object.metadata.namespace === role.metadata.namespace &&
      (object as Binding).roleRef.name === role.metadata.name,
  );
  const name = binding?.subjects[0]?.name;
  if (name === undefined) throw new Error(`${role.kind} ${role.metadata.name} is bound to nobody`);
  return name;
}

function isRole(object: KubeObject): object is Role {
  return object.kind === 'Role' || object.kind === 'ClusterRole';
}
