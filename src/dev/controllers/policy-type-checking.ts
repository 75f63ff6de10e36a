import type {Logger} from 'pino';
import {compileExpression} from '../expressions/compiled-expression.ts';
import type {Declared} from '../expressions/environment.ts';
import {typeOfSchema} from '../../cel/schema-type.ts';
import type {CelType} from '../../cel/types.ts';
import type {InternalApi} from '../apiserver/internal-api.ts';
import {metaOf} from '../apiserver/object-meta.ts';
import {apiVersionOfType} from '../apiserver/resource-type.ts';
import type {ResourceType} from '../apiserver/resource-type.ts';
import {composedVariables} from '../admission/policies/compiled-policy.ts';
import {nameOf, numberIn, objectIn, objectsIn, textIn, textsIn} from '../builtin/read-json.ts';
import {isObject} from '../schema/json.ts';
import {objectMetaSchema} from '../schema/object-meta.ts';
import type {JsonObject} from '../schema/json.ts';
import {isType, POLICIES} from './known-types.ts';
import {startReconciler} from './reconciler.ts';

const MANAGER = 'validatingadmissionpolicy-status';
/** Of each rule; kube-controller-manager's limit. */
const MAX_TYPES = 10;

/**
 * Compiles the expressions of ValidatingAdmissionPolicies once more with the types of what they are about, and says in their status
 * where that fails: most likely a field is misspelt. It changes nothing about what a policy does.
 *
 * @returns stops it
 */
export function startPolicyTypeChecking(api: InternalApi, {logger}: {readonly logger: Logger}): () => void {
  return startReconciler(api, {
    name: 'policy-type-checking',
    logger,
    keysOf: ({type, object, kind}) => (isType(type, POLICIES) && kind !== 'DELETED' ? [nameOf(object)] : []),
    reconcile: (name) => {
      const policy = api.get(POLICIES, undefined, name);
      if (policy === undefined) return;
      const {generation = 0} = metaOf(policy);
      if (generation <= (numberIn(objectIn(policy, 'status'), 'observedGeneration') ?? 0)) return;
      const warnings = expressionWarnings(api, objectIn(policy, 'spec'));
      const typeChecking = warnings.length === 0 ? {} : {expressionWarnings: warnings};
      const {apiVersion, kind} = policy;
      const status = {observedGeneration: generation, typeChecking};
      api.apply(POLICIES, {apiVersion, kind, metadata: {name}, status}, MANAGER, 'status');
    },
  });
}

function expressionWarnings(api: InternalApi, spec: JsonObject): readonly JsonObject[] {
  const types = typesOf(api, spec);
  return objectsIn(spec, 'validations').flatMap((validation, at) =>
    ['expression', 'messageExpression'].flatMap((key) => {
      const source = textIn(validation, key);
      const found = source === '' ? [] : types.map((type) => warningOf(api, spec, {type, source}));
      const warning = found.filter((text) => text !== '').join('\n');
      return warning === '' ? [] : [{fieldRef: `spec.validations[${at}].${key}`, warning}];
    }),
  );
}

function warningOf(api: InternalApi, spec: JsonObject, {type, source}: {type: ResourceType; source: string}): string {
  const paramKind = spec['paramKind'];
  const object = celType(type);
  const base: Declared = {
    authorizer: true,
    params: isObject(paramKind),
    ...(object === undefined ? {} : {objectType: object}),
    ...paramsType(api, paramKind),
  };
  const declared = {...base, variables: composedVariables(spec, base).types};
  const compiled = compileExpression(source, declared);
  if (compiled.ok) return '';
  const said = compiled.error.replace('compilation failed: ', '');
  return `${apiVersionOfType(type).includes('/') ? '' : '/'}${apiVersionOfType(type)}, Kind=${type.kind}: ${said}\n`;
}

function paramsType(api: InternalApi, paramKind: unknown): {readonly paramsType?: CelType} {
  if (!isObject(paramKind)) return {};
  const {apiVersion, kind} = paramKind;
  const type = api.types().find((one) => apiVersionOfType(one) === apiVersion && one.kind === kind);
  const known = type === undefined ? undefined : celType(type);
  return known === undefined ? {} : {paramsType: known};
}

/** As published: with all of `metadata`, whatever the definition says about it. */
function celType({schema, kind}: ResourceType): CelType | undefined {
  const text = {type: 'string'} as const;
  const properties = {apiVersion: text, kind: text, ...schema.properties, metadata: objectMetaSchema};
  return typeOfSchema({...schema, type: 'object', properties}, {name: kind});
}

/** What the rules name without a wildcard, by group, version and kind. */
function typesOf(api: InternalApi, spec: JsonObject): readonly ResourceType[] {
  const found = new Set<ResourceType>();
  for (const rule of objectsIn(objectIn(spec, 'matchConstraints'), 'resourceRules')) {
    const [groups, versions] = [textsIn(rule, 'apiGroups'), textsIn(rule, 'apiVersions')];
    if ([...groups, ...versions].some((text) => text.includes('*'))) continue;
    const matching = api
      .types()
      .filter(
        ({group, version, plural}) =>
          groups.includes(group) && versions.includes(version) && textsIn(rule, 'resources').includes(plural),
      );
    for (const type of matching.slice(0, MAX_TYPES)) found.add(type);
  }
  return [...found].toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

function sortKey({group, version, kind}: ResourceType): string {
  return [group, version, kind].join('\u0000');
}
