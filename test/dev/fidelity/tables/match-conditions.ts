import {about, internalError, invalid, refused} from '../answers.ts';
import {CM, configMap} from '../kinds.ts';
import {merge, post, remove} from '../row.ts';
import type {Call, Row} from '../row.ts';

const REGISTRATION = '/apis/admissionregistration.k8s.io/v1';
/** Nobody listens here: a webhook that is asked fails. */
const NOBODY = 'https://127.0.0.1:9/';
const ASKED = `failed to call webhook: Post "${NOBODY}?timeout=10s": dial tcp 127.0.0.1:9: connect: connection refused`;

interface Condition {
  readonly name: string;
  readonly expression: string;
}

function hook(name: string, conditions: readonly Partial<Condition>[], more: object = {}): object {
  return {
    name: `${name}.mc.dev`,
    clientConfig: {url: NOBODY},
    rules: [{apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'DELETE'], resources: ['configmaps']}],
    objectSelector: {matchLabels: {'conditions-of': name}},
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    matchConditions: conditions,
    ...more,
  };
}

function configuration(kind: 'Mutating' | 'Validating', name: string, hooks: readonly object[], query = ''): Call {
  return post(`${REGISTRATION}/${kind.toLowerCase()}webhookconfigurations${query}`, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: {name},
    webhooks: hooks,
  });
}

/** A ConfigMap that the hook of this name would be asked about. */
function labelled(of: string, name: string, data: object = {}): Call {
  return post(`${CM}?dryRun=All`, configMap(name, {data}, {labels: {'conditions-of': of}}));
}

function failing(name: string): Row['answer'] {
  return internalError(`failed calling webhook "${name}.mc.dev": ${ASKED}`);
}

const BY_NAME = {name: 'by-name', expression: "object.metadata.name != 'skipped'"};

/** Webhooks that say by expressions what they want to be asked about. */
export const matchConditions: readonly Row[] = [
  {
    name: 'a validating webhook whose conditions hold is asked',
    before: [configuration('Validating', 'mc-validating', [hook('validating', [BY_NAME])])],
    call: labelled('validating', 'asked'),
    answer: failing('validating'),
    eventually: true,
  },
  {name: 'one whose condition is false is not', call: labelled('validating', 'skipped'), answer: {code: 201}},
  {
    name: 'a mutating webhook is asked',
    before: [configuration('Mutating', 'mc-mutating', [hook('mutating', [BY_NAME])])],
    call: labelled('mutating', 'asked'),
    answer: failing('mutating'),
    eventually: true,
  },
  {name: 'or not', call: labelled('mutating', 'skipped'), answer: {code: 201}},
  {
    name: 'a condition that fails refuses the request',
    before: [
      configuration('Validating', 'mc-fail', [hook('fail', [{name: 'a', expression: "object.data.zork == 'x'"}])]),
    ],
    call: labelled('fail', 'mc1', {a: 'b'}),
    answer: refused(
      403,
      'Forbidden',
      `configmaps "mc1" is forbidden: expression 'object.data.zork == 'x'' resulted in error: no such key: zork`,
      about('configmaps', 'mc1'),
    ),
    eventually: true,
  },
  {
    name: 'so does one of a mutating webhook',
    before: [
      configuration('Mutating', 'mc-mfail', [hook('mfail', [{name: 'a', expression: "object.data.zork == 'x'"}])]),
    ],
    call: labelled('mfail', 'mc1', {a: 'b'}),
    answer: refused(
      403,
      'Forbidden',
      `configmaps "mc1" is forbidden: expression 'object.data.zork == 'x'' resulted in error: no such key: zork`,
      about('configmaps', 'mc1'),
    ),
    eventually: true,
  },
  {
    name: 'of several that fail all are told',
    before: [
      configuration('Validating', 'mc-fails', [
        hook('fails', [
          {name: 'a', expression: "object.data.a == 'x'"},
          {name: 'b', expression: "object.data.b == 'x'"},
          {name: 'c', expression: "object.metadata.name != 'skipped'"},
        ]),
      ]),
    ],
    call: labelled('fails', 'mc1', {z: 'z'}),
    answer: refused(
      403,
      'Forbidden',
      `configmaps "mc1" is forbidden: [expression 'object.data.a == 'x'' resulted in error: no such key: a, expression 'object.data.b == 'x'' resulted in error: no such key: b]`,
      about('configmaps', 'mc1'),
    ),
    eventually: true,
  },
  {
    name: 'one that is false decides, whatever fails beside it',
    call: labelled('fails', 'skipped', {z: 'z'}),
    answer: {code: 201},
  },
  {
    name: 'failures that are ignored skip the webhook',
    before: [
      configuration('Validating', 'mc-ignore', [
        hook('ignore', [{name: 'a', expression: "object.data.a == 'x'"}], {failurePolicy: 'Ignore'}),
        hook('ignore', [{name: 'a', expression: "object.metadata.name != 'ready'"}], {name: 'signal.mc.dev'}),
      ]),
    ],
    call: labelled('ignore', 'ready', {}),
    answer: {code: 201},
    eventually: true,
  },
  {
    name: 'what a request is about',
    before: [
      configuration('Validating', 'mc-request', [
        hook('request', [
          {
            name: 'all',
            expression:
              "request.operation == 'CREATE' && request.kind.kind == 'ConfigMap' && request.resource.resource == 'configmaps' && " +
              "request.namespace == 'default' && request.dryRun && request.userInfo.groups.exists(g, g == 'system:authenticated') && " +
              "!has(request.subResource) && request.options.kind == 'CreateOptions' && oldObject == null && " +
              "request.requestKind.version == 'v1' && request.name == object.metadata.name",
          },
        ]),
      ]),
    ],
    call: labelled('request', 'asked'),
    answer: failing('request'),
    eventually: true,
  },
  {
    name: 'namespaceObject is there for policies alone',
    before: [
      configuration('Validating', 'mc-namespace', [
        hook('namespace', [{name: 'a', expression: "namespaceObject.metadata.name == 'default'"}]),
      ]),
    ],
    call: labelled('namespace', 'mc1'),
    answer: refused(
      403,
      'Forbidden',
      `configmaps "mc1" is forbidden: expression 'namespaceObject.metadata.name == 'default'' resulted in error: no such key: metadata`,
      about('configmaps', 'mc1'),
    ),
    eventually: true,
  },
  {
    name: 'who may do what',
    before: [
      configuration('Validating', 'mc-authorizer', [
        hook('authorizer', [
          {
            name: 'a',
            expression:
              "authorizer.group('').resource('secrets').namespace('default').check('get').allowed() && " +
              "authorizer.requestResource.check('create').allowed()",
          },
          {
            name: 'b',
            expression:
              "authorizer.path('/healthz').check('get').allowed() && " +
              "!authorizer.serviceAccount('default', 'nobody').group('').resource('secrets').check('get').allowed()",
          },
        ]),
      ]),
    ],
    call: labelled('authorizer', 'asked'),
    answer: failing('authorizer'),
    eventually: true,
  },
  {
    name: 'asking three times costs too much',
    before: [
      configuration('Validating', 'mc-costly', [
        hook('costly', [
          {
            name: 'a',
            expression: "[1, 2, 3].all(x, authorizer.path('/healthz').check('get').allowed())",
          },
        ]),
      ]),
    ],
    call: labelled('costly', 'mc1'),
    answer: refused(
      403,
      'Forbidden',
      `configmaps "mc1" is forbidden: expression '[1, 2, 3].all(x, authorizer.path('/healthz').check('get').allowed())' resulted in error: operation cancelled: actual cost limit exceeded`,
      about('configmaps', 'mc1'),
    ),
    eventually: true,
  },
  {
    name: 'what has no members lacks every member',
    before: [
      configuration('Validating', 'mc-members', [
        hook('members', [
          {
            name: 'a',
            expression:
              '!has(oldObject.data) && !has(namespaceObject.metadata) && !has(object.data.a.b) && ' +
              "!oldObject.?data.hasValue() && !oldObject[?'data'].hasValue() && !object.data.?a.?b.hasValue()",
          },
          {name: 'b', expression: "object.metadata.name != 'read' || object.data.a.b == 'x'"},
          {name: 'c', expression: "object.metadata.name != 'read' || oldObject['data'] == 'x'"},
          {name: 'd', expression: "object.metadata.name != 'read' || has(oldObject.data.a)"},
        ]),
      ]),
    ],
    call: labelled('members', 'asked', {a: 'x'}),
    answer: failing('members'),
    eventually: true,
  },
  {
    name: 'so that reading one fails',
    call: labelled('members', 'read', {a: 'x'}),
    answer: refused(
      403,
      'Forbidden',
      `configmaps "read" is forbidden: [expression 'object.metadata.name != 'read' || object.data.a.b == 'x'' resulted in error: no such key: b, ` +
        `expression 'object.metadata.name != 'read' || oldObject['data'] == 'x'' resulted in error: no such key: data, ` +
        `expression 'object.metadata.name != 'read' || has(oldObject.data.a)' resulted in error: no such key: data]`,
      about('configmaps', 'read'),
    ),
  },
  {
    name: 'texts that are no numbers',
    before: [
      configuration('Validating', 'mc-numbers', [
        hook('numbers', [
          {name: 'a', expression: 'int(object.metadata.name) == 1'},
          {name: 'b', expression: 'double(object.metadata.name) == 1.0'},
          {name: 'c', expression: 'bool(object.metadata.name)'},
          {name: 'd', expression: "duration(object.metadata.name) > duration('1s')"},
          {name: 'e', expression: "timestamp(object.metadata.name) > timestamp('2020-01-01T00:00:00Z')"},
        ]),
      ]),
    ],
    call: labelled('numbers', 'cm1'),
    answer: refused(
      403,
      'Forbidden',
      `configmaps "cm1" is forbidden: [${[
        `expression 'int(object.metadata.name) == 1' resulted in error: type conversion error from 'string' to 'int'`,
        `expression 'double(object.metadata.name) == 1.0' resulted in error: type conversion error from 'string' to 'double'`,
        `expression 'bool(object.metadata.name)' resulted in error: type conversion error from 'string' to 'bool'`,
        `expression 'duration(object.metadata.name) > duration('1s')' resulted in error: type conversion error from 'string' to 'google.protobuf.Duration'`,
        `expression 'timestamp(object.metadata.name) > timestamp('<time>')' resulted in error: type conversion error from 'string' to 'google.protobuf.Timestamp'`,
      ].join(', ')}]`,
      about('configmaps', 'cm1'),
    ),
    eventually: true,
  },
  {
    name: 'a deletion: what is deleted is the old object',
    before: [
      post(CM, configMap('mc-kept', {}, {labels: {'conditions-of': 'deletion'}})),
      configuration('Validating', 'mc-deletion', [
        hook('deletion', [
          {
            name: 'a',
            expression: "object == null && oldObject.metadata.name == 'mc-kept' && request.operation == 'DELETE'",
          },
        ]),
      ]),
    ],
    call: remove(`${CM}/mc-kept?dryRun=All`),
    answer: failing('deletion'),
    eventually: true,
  },
];

const SUBJECT = 'ValidatingWebhookConfiguration.admissionregistration.k8s.io "mc-bad"';
const AT = 'webhooks[0].matchConditions';

function bad(conditions: readonly Partial<Condition>[]): Call {
  return configuration('Validating', 'mc-bad', [hook('bad', conditions)], '?dryRun=All');
}

/** Conditions as a configuration is written. */
export const matchConditionFields: readonly Row[] = [
  {
    name: 'an expression that does not compile',
    call: bad([{name: 'a', expression: 'object.metadata.name = 1'}]),
    answer: invalid(SUBJECT, [
      'Invalid',
      `${AT}[0].expression`,
      `Invalid value: "object.metadata.name = 1": compilation failed: ERROR: <input>:1:22: Syntax error: token recognition error at: '= '\n | object.metadata.name = 1\n | .....................^\nERROR: <input>:1:24: Syntax error: extraneous input '1' expecting <EOF>\n | object.metadata.name = 1\n | .......................^`,
    ]),
  },
  {
    name: 'one that gives no bool',
    call: bad([
      {name: 'a', expression: 'object.metadata.name'},
      {name: 'b', expression: "'x'"},
    ]),
    answer: invalid(
      SUBJECT,
      ['Invalid', `${AT}[0].expression`, 'Invalid value: "object.metadata.name": must evaluate to bool but got dyn'],
      ['Invalid', `${AT}[1].expression`, `Invalid value: "'x'": must evaluate to bool but got string`],
    ),
  },
  {
    name: 'variables that there are not',
    call: bad([
      {name: 'a', expression: 'params.x == 1'},
      {name: 'b', expression: 'variables.x == 1'},
      {name: 'c', expression: 'request.object == null'},
    ]),
    answer: invalid(
      SUBJECT,
      [
        'Invalid',
        `${AT}[0].expression`,
        `Invalid value: "params.x == 1": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')\n | params.x == 1\n | ^`,
      ],
      [
        'Invalid',
        `${AT}[1].expression`,
        `Invalid value: "variables.x == 1": compilation failed: ERROR: <input>:1:1: undeclared reference to 'variables' (in container '')\n | variables.x == 1\n | ^`,
      ],
      [
        'Invalid',
        `${AT}[2].expression`,
        `Invalid value: "request.object == null": compilation failed: ERROR: <input>:1:8: undefined field 'object'\n | request.object == null\n | .......^`,
      ],
    ),
  },
  {
    name: 'names and expressions that are missing, twice there or no names',
    call: bad([
      {name: 'a'},
      {expression: 'true'},
      {name: 'b', expression: 'true'},
      {name: 'b', expression: 'true'},
      {name: 'a b', expression: 'true'},
    ]),
    answer: invalid(
      SUBJECT,
      ['Required', `${AT}[0].expression`, 'Required value'],
      ['Required', `${AT}[1].name`, 'Required value'],
      ['Duplicate', `${AT}[3].name`, 'Duplicate value: "b"'],
      [
        'Invalid',
        `${AT}[4].name`,
        `Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
      ],
    ),
  },
  {
    name: 'more than 64',
    call: bad(Array.from({length: 65}, (_, at) => ({name: `c${at}`, expression: 'true'}))),
    answer: invalid(SUBJECT, ['TooMany', AT, 'Too many: 65: must have at most 64 items']),
  },
  {
    name: 'they are gone with their configurations',
    before: [
      ...[
        'validating',
        'fail',
        'fails',
        'ignore',
        'request',
        'namespace',
        'authorizer',
        'costly',
        'members',
        'numbers',
        'deletion',
      ].map((name) => remove(`${REGISTRATION}/validatingwebhookconfigurations/mc-${name}`)),
      ...['mutating', 'mfail'].map((name) => remove(`${REGISTRATION}/mutatingwebhookconfigurations/mc-${name}`)),
    ],
    call: merge(`${CM}/mc-kept`, {data: {a: 'b'}}),
    answer: {code: 200},
  },
];
