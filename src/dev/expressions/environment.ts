import {AUTHORIZER, RESOURCE_CHECK} from '../../cel/library/authorizer.ts';
import {BOOL, DYN, INT, listType, mapType, objectType, STRING, TIMESTAMP} from '../../cel/types.ts';
import type {CelType} from '../../cel/types.ts';

/*
 * The variables of expressions about a request: match conditions of webhooks, ValidatingAdmissionPolicies. What `object` is is only
 * known at run time.
 */

const KIND = objectType('kubernetes.GroupVersionKind', {group: STRING, version: STRING, kind: STRING});
const RESOURCE = objectType('kubernetes.GroupVersionResource', {group: STRING, version: STRING, resource: STRING});
const USER = objectType('kubernetes.UserInfo', {
  username: STRING,
  uid: STRING,
  groups: listType(STRING),
  extra: mapType(STRING, listType(STRING)),
});

/** `request`: an `admission.k8s.io/v1` AdmissionRequest without its uid and objects. */
const REQUEST = objectType('kubernetes.AdmissionRequest', {
  kind: KIND,
  resource: RESOURCE,
  subResource: STRING,
  requestKind: KIND,
  requestResource: RESOURCE,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: USER,
  dryRun: BOOL,
  options: DYN,
});

const LABELS = mapType(STRING, STRING);

/** `namespaceObject`; owners and field managers are left out. */
const NAMESPACE = objectType('kubernetes.Namespace', {
  metadata: objectType('kubernetes.NamespaceMetadata', {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: LABELS,
    annotations: LABELS,
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: listType(STRING),
  }),
  spec: objectType('kubernetes.NamespaceSpec', {finalizers: listType(STRING)}),
  status: objectType('kubernetes.NamespaceStatus', {
    conditions: listType(
      objectType('kubernetes.NamespaceCondition', {
        status: STRING,
        type: STRING,
        lastTransitionTime: TIMESTAMP,
        message: STRING,
        reason: STRING,
      }),
    ),
    phase: STRING,
  }),
});

export interface Declared {
  readonly params?: boolean;
  readonly authorizer?: boolean;
  /** Types of the composed variables that may be read as `variables.NAME`. Undefined: there is no `variables`. */
  readonly variables?: Readonly<Record<string, CelType>>;
  /** What `object` and `oldObject` are, and `params`, where that is known. */
  readonly objectType?: CelType;
  readonly paramsType?: CelType;
}

/** What an expression about a request may read. */
export function declaredVariables(declared: Declared): Readonly<Record<string, CelType>> {
  const {params = false, authorizer = false, variables, objectType: object = DYN, paramsType = DYN} = declared;
  return {
    object,
    oldObject: object,
    namespaceObject: NAMESPACE,
    request: REQUEST,
    ...(params ? {params: paramsType} : {}),
    ...(authorizer ? {'authorizer': AUTHORIZER, 'authorizer.requestResource': RESOURCE_CHECK} : {}),
    ...(variables === undefined ? {} : {variables: objectType('kubernetes.variables', variables)}),
  };
}
