import {isObject, listAt, objectAt, stringAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {eventColumns} from './event-columns.ts';
import {age, none} from './kind-column.ts';
import type {KindColumn} from './kind-column.ts';
import {nodeColumns} from './node-columns.ts';
import {podColumns} from './pod-columns.ts';
import {serviceColumns} from './service-columns.ts';

/** Kinds of roles and definitions show when they were made, and no age. */
const createdAt: KindColumn = {
  name: 'Created At',
  type: 'date',
  cell: (object) => stringAt(objectAt(object, 'metadata'), 'creationTimestamp') ?? '<unknown>',
};

function text(name: string, read: (object: JsonObject) => string | undefined, empty: string = none): KindColumn {
  return {name, cell: (object) => read(object) || empty};
}

function count(name: string, ...fields: readonly string[]): KindColumn {
  return {name, cell: (object) => fields.reduce((sum, field) => sum + sizeOf(object[field]), 0)};
}

function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : 0;
}

/** At most three, then how many more. */
function shortList(items: readonly string[]): string {
  const shown = items.slice(0, 3).join(',');
  if (items.length > 3) return `${shown} + ${items.length - 3} more...`;
  return shown === '' ? '<unset>' : shown;
}

const endpointSlice: readonly KindColumn[] = [
  text('AddressType', (slice) => stringAt(slice, 'addressType')),
  {name: 'Ports', cell: (slice) => shortList(listAt(slice, 'ports').map(portOf))},
  {name: 'Endpoints', cell: (slice) => shortList(listAt(slice, 'endpoints').flatMap(addressesOf))},
  age,
];

function portOf(port: unknown): string {
  if (!isObject(port)) return '*';
  const number = port['port'];
  return typeof number === 'number' ? String(number) : stringAt(port, 'name') || '*';
}

function addressesOf(endpoint: unknown): string[] {
  const addresses = isObject(endpoint) ? listAt(endpoint, 'addresses') : [];
  return addresses.filter((address) => typeof address === 'string');
}

function subjects(name: string, kind: string): KindColumn {
  return {
    name,
    wide: true,
    cell: (binding) => {
      const those = listAt(binding, 'subjects').filter((subject) => isObject(subject) && subject['kind'] === kind);
      return those.map((subject) => subjectName(subject as JsonObject)).join(', ');
    },
  };
}

function subjectName(subject: JsonObject): string {
  const name = stringAt(subject, 'name') ?? '';
  return subject['kind'] === 'ServiceAccount' ? `${stringAt(subject, 'namespace') ?? ''}/${name}` : name;
}

const binding: readonly KindColumn[] = [
  {
    name: 'Role',
    cell: (object) =>
      `${stringAt(objectAt(object, 'roleRef'), 'kind') ?? ''}/${stringAt(objectAt(object, 'roleRef'), 'name') ?? ''}`,
  },
  age,
  subjects('Users', 'User'),
  subjects('Groups', 'Group'),
  subjects('ServiceAccounts', 'ServiceAccount'),
];

const webhooks: readonly KindColumn[] = [count('Webhooks', 'webhooks'), age];

const columnsOfKind: Readonly<Record<string, readonly KindColumn[]>> = {
  '/ConfigMap': [count('Data', 'data', 'binaryData'), age],
  '/Event': eventColumns,
  '/Namespace': [text('Status', (object) => stringAt(objectAt(object, 'status'), 'phase'), ''), age],
  '/Node': nodeColumns,
  '/Pod': podColumns,
  '/Secret': [text('Type', (object) => stringAt(object, 'type'), ''), count('Data', 'data'), age],
  '/Service': serviceColumns,
  '/ServiceAccount': [age],
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': webhooks,
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': [
    {name: 'Validations', type: 'integer', cell: (object) => sizeOf(objectAt(object, 'spec')?.['validations'])},
    text('ParamKind', (object) => {
      const kind = objectAt(objectAt(object, 'spec'), 'paramKind');
      return kind === undefined ? undefined : `${stringAt(kind, 'apiVersion') ?? ''}/${stringAt(kind, 'kind') ?? ''}`;
    }),
    age,
  ],
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': [
    text('PolicyName', (object) => stringAt(objectAt(object, 'spec'), 'policyName')),
    text('ParamRef', (object) => stringAt(objectAt(objectAt(object, 'spec'), 'paramRef'), 'name')),
    age,
  ],
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': webhooks,
  'apiextensions.k8s.io/CustomResourceDefinition': [createdAt],
  'coordination.k8s.io/Lease': [
    text('Holder', (object) => stringAt(objectAt(object, 'spec'), 'holderIdentity'), ''),
    age,
  ],
  'discovery.k8s.io/EndpointSlice': endpointSlice,
  'networking.k8s.io/ServiceCIDR': [
    {name: 'CIDRs', cell: (object) => listAt(objectAt(object, 'spec'), 'cidrs').join(',')},
    age,
  ],
  'rbac.authorization.k8s.io/ClusterRole': [createdAt],
  'rbac.authorization.k8s.io/ClusterRoleBinding': binding,
  'rbac.authorization.k8s.io/Role': [createdAt],
  'rbac.authorization.k8s.io/RoleBinding': binding,
};

/** The columns of a built-in kind after its name; undefined for a kind without own columns. */
export function kindColumns(group: string, kind: string): readonly KindColumn[] | undefined {
  const name = `${group}/${kind}`;
  return Object.hasOwn(columnsOfKind, name) ? columnsOfKind[name] : undefined;
}
