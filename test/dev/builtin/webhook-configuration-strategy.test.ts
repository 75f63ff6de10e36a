import {expect, test} from 'vitest';
import {ApiError} from '../../../src/dev/apiserver/api-error.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {memoryCluster} from '../controllers/memory-cluster.ts';

const MUTATING = {group: 'admissionregistration.k8s.io', plural: 'mutatingwebhookconfigurations'};
const RULE = {apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE']};
const HOOK = {
  name: 'v1.example.dev',
  admissionReviewVersions: ['v1'],
  sideEffects: 'None',
  clientConfig: {url: 'https://127.0.0.1:1/x'},
  rules: [RULE],
};

function create(hook: JsonObject): JsonObject {
  return memoryCluster().api.create(MUTATING, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: {name: 'w'},
    webhooks: [{...HOOK, ...hook}],
  });
}

test('what is not said is filled in', () => {
  const service = {name: 's', namespace: 'n'};
  expect(create({clientConfig: {service}})).toMatchObject({
    metadata: {generation: 1},
    webhooks: [
      {
        failurePolicy: 'Fail',
        matchPolicy: 'Equivalent',
        namespaceSelector: {},
        objectSelector: {},
        timeoutSeconds: 10,
        reinvocationPolicy: 'Never',
        rules: [{scope: '*'}],
        clientConfig: {service: {port: 443}},
      },
    ],
  });
});

test.each([
  {
    name: 'a short name',
    hook: {name: 'a.b'},
    message: 'name: Invalid value: "a.b": should be a domain with at least three segments separated by dots',
  },
  {
    name: 'plain HTTP',
    hook: {clientConfig: {url: 'http://127.0.0.1/x'}},
    message:
      'clientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
  },
  {
    name: 'a query',
    hook: {clientConfig: {url: 'https://127.0.0.1/x?a=b'}},
    message: 'clientConfig.url: Invalid value: "a=b": query parameters are not permitted in the URL',
  },
  {
    name: 'neither url nor service',
    hook: {clientConfig: {}},
    message: 'clientConfig: Required value: exactly one of url or service is required',
  },
  {
    name: 'a long timeout',
    hook: {timeoutSeconds: 31},
    message: 'timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
  },
  {
    name: 'unknown side effects',
    hook: {sideEffects: 'Some'},
    message: 'sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
  },
  {
    name: 'a selector with an unknown operator',
    hook: {objectSelector: {matchExpressions: [{key: 'a', operator: 'Like', values: ['b']}]}},
    message: 'objectSelector.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator',
  },
  {
    name: 'a condition that is none',
    hook: {matchConditions: [{name: 'c', expression: '1'}]},
    message: 'matchConditions[0].expression: Invalid value: "1": must evaluate to bool but got int',
  },
])('refused: $name', ({hook, message}) => {
  let refusal: unknown;
  try {
    create(hook);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(ApiError);
  expect((refusal as ApiError).code).toBe(422);
  expect((refusal as ApiError).message).toBe(
    `MutatingWebhookConfiguration.admissionregistration.k8s.io "w" is invalid: webhooks[0].${message}`,
  );
});

test('a garbage caBundle is accepted: it fails when it is used', () => {
  expect(() => create({clientConfig: {...HOOK.clientConfig, caBundle: 'Z2FyYmFnZQ=='}})).not.toThrow();
});
