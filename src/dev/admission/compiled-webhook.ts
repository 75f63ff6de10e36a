import type {LabelSelector} from '../../api/kinds.ts';
import type {InternalApi} from '../apiserver/internal-api.ts';
import {nameOf, numberIn, objectIn, objectsIn, textIn, textsIn} from '../builtin/read-json.ts';
import {compileMatchConditions} from '../expressions/match-conditions.ts';
import type {MatchConditions} from '../expressions/match-conditions.ts';
import type {JsonObject} from '../schema/json.ts';
import type {Rule} from './rule-matching.ts';

export type WebhookKind = 'mutating' | 'validating';

/** One entry of a webhook configuration, read once. */
export interface CompiledWebhook {
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly equivalent: boolean;
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector: LabelSelector;
  readonly matchConditions: MatchConditions | undefined;
  readonly ignoreFailure: boolean;
  readonly timeoutSeconds: number;
  readonly mayRunDry: boolean;
  /** `reinvocationPolicy: IfNeeded`; mutating webhooks only. */
  readonly reinvoke: boolean;
  readonly speaksV1: boolean;
  readonly client: WebhookClientConfig;
}

export interface WebhookClientConfig {
  /** Base64 of PEM, as it stands in the object; empty for the system's roots. */
  readonly caBundle: string;
  readonly target: WebhookTarget;
}

export type WebhookTarget =
  | {readonly kind: 'url'; readonly url: string}
  | {
      readonly kind: 'service';
      readonly namespace: string;
      readonly name: string;
      readonly port: number;
      readonly path: string;
    };

const PLURALS: Record<WebhookKind, string> = {
  mutating: 'mutatingwebhookconfigurations',
  validating: 'validatingwebhookconfigurations',
};
const GROUP = 'admissionregistration.k8s.io';

export function isWebhookConfiguration(group: string, plural: string): boolean {
  return group === GROUP && Object.values(PLURALS).includes(plural);
}

/** Nobody may lock themselves out: what configures admission is never sent to a webhook. */
export function isExempt(group: string, plural: string): boolean {
  return isWebhookConfiguration(group, plural) || (group === GROUP && plural.startsWith('validatingadmissionpolic'));
}

/** All entries in the order they are called: by the name of their configuration, then as listed. */
export function compileWebhooks(api: InternalApi, kind: WebhookKind): readonly CompiledWebhook[] {
  const configurations = api.list({group: GROUP, plural: PLURALS[kind]});
  const byName = configurations.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  return byName.flatMap((configuration) => objectsIn(configuration, 'webhooks').map(compile));
}

function compile(hook: JsonObject): CompiledWebhook {
  return {
    name: textIn(hook, 'name'),
    rules: objectsIn(hook, 'rules').map(toRule),
    equivalent: textIn(hook, 'matchPolicy') !== 'Exact',
    namespaceSelector: objectIn(hook, 'namespaceSelector'),
    objectSelector: objectIn(hook, 'objectSelector'),
    matchConditions: compileMatchConditions(hook, {authorizer: true}),
    ignoreFailure: textIn(hook, 'failurePolicy') === 'Ignore',
    timeoutSeconds: numberIn(hook, 'timeoutSeconds') ?? 10,
    mayRunDry: ['None', 'NoneOnDryRun'].includes(textIn(hook, 'sideEffects')),
    reinvoke: textIn(hook, 'reinvocationPolicy') === 'IfNeeded',
    speaksV1: textsIn(hook, 'admissionReviewVersions').includes('v1'),
    client: toClient(objectIn(hook, 'clientConfig')),
  };
}

export function toRule(rule: JsonObject): Rule {
  return {
    groups: textsIn(rule, 'apiGroups'),
    versions: textsIn(rule, 'apiVersions'),
    resources: textsIn(rule, 'resources'),
    operations: textsIn(rule, 'operations'),
    scope: textIn(rule, 'scope') || '*',
  };
}

function toClient(config: JsonObject): WebhookClientConfig {
  const caBundle = textIn(config, 'caBundle');
  const url = textIn(config, 'url');
  if (url !== '') return {caBundle, target: {kind: 'url', url}};
  const service = objectIn(config, 'service');
  return {
    caBundle,
    target: {
      kind: 'service',
      namespace: textIn(service, 'namespace'),
      name: textIn(service, 'name'),
      port: numberIn(service, 'port') ?? 443,
      path: textIn(service, 'path'),
    },
  };
}
