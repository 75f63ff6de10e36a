import type {JsonObject} from '../schema/json.ts';
import {isObject} from '../schema/json.ts';
import {objectIn, objectsIn} from './read-json.ts';
import type {Strategy} from './strategy.ts';
import {validateWebhooks} from './validate-webhooks.ts';

/** Defaults of `admissionregistration.k8s.io/v1`. */
const TIMEOUT_SECONDS = 10;
const HTTPS_PORT = 443;

export const mutatingWebhookStrategy: Strategy = {
  prepare: (configuration) => defaultWebhooks(configuration, {reinvocationPolicy: 'Never'}),
  validate: validateWebhooks,
};

export const validatingWebhookStrategy: Strategy = {
  prepare: (configuration) => defaultWebhooks(configuration, {}),
  validate: validateWebhooks,
};

function defaultWebhooks(configuration: JsonObject, extra: JsonObject): JsonObject {
  if (!Array.isArray(configuration['webhooks'])) return configuration;
  return {...configuration, webhooks: objectsIn(configuration, 'webhooks').map((hook) => defaultWebhook(hook, extra))};
}

function defaultWebhook(hook: JsonObject, extra: JsonObject): JsonObject {
  return {
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    namespaceSelector: {},
    objectSelector: {},
    timeoutSeconds: TIMEOUT_SECONDS,
    ...extra,
    ...hook,
    clientConfig: defaultClient(objectIn(hook, 'clientConfig')),
    ...(Array.isArray(hook['rules']) ? {rules: objectsIn(hook, 'rules').map(defaultRule)} : {}),
  };
}

function defaultClient(client: JsonObject): JsonObject {
  const {service} = client;
  return isObject(service) ? {...client, service: {port: HTTPS_PORT, ...service}} : client;
}

/** `scope` of a rule. */
export function defaultRule(rule: JsonObject): JsonObject {
  return {scope: '*', ...rule};
}
