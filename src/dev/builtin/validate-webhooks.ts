import {isObject, listAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {validateMatchConditions} from '../expressions/validate-expressions.ts';
import {duplicate, invalidValue, notSupported, required} from './field-errors.ts';
import {wrongLabel, wrongPortNumber, wrongSubdomain} from './name-rules.ts';
import {numberIn, objectIn, objectsIn, textIn, textsIn} from './read-json.ts';
import {validateLabelSelector} from './validate-label-selector.ts';

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const SCOPES = ['*', 'Cluster', 'Namespaced'];
const CHOICES: readonly (readonly [string, readonly string[]])[] = [
  ['failurePolicy', ['Fail', 'Ignore']],
  ['matchPolicy', ['Equivalent', 'Exact']],
];
const SIDE_EFFECTS = ['None', 'NoneOnDryRun'];

/** The rules of both webhook configurations. */
export function validateWebhooks(configuration: JsonObject): FieldError[] {
  const seen = new Set<string>();
  return objectsIn(configuration, 'webhooks').flatMap((hook, at) => {
    const field = `webhooks[${at}]`;
    const name = textIn(hook, 'name');
    const errors = [...validateVersions(hook, field), ...validateName(name, `${field}.name`)];
    if (seen.has(name)) errors.push(duplicate(`${field}.name`, name));
    seen.add(name);
    return [...errors, ...validateWebhook(hook, field)];
  });
}

function validateVersions(hook: JsonObject, field: string): FieldError[] {
  const versions = textsIn(hook, 'admissionReviewVersions');
  if (versions.length === 0) return [required(`${field}.admissionReviewVersions`, 'must specify one of v1, v1beta1')];
  if (versions.some((version) => version === 'v1' || version === 'v1beta1')) return [];
  const text = 'must include at least one of v1, v1beta1';
  return [invalidValue(`${field}.admissionReviewVersions`, versions, text)];
}

function validateName(name: string, field: string): FieldError[] {
  if (name === '') return [required(field)];
  const errors = wrongSubdomain(name).map((text) => invalidValue(field, name, text));
  if (name.split('.').length >= 3) return errors;
  return [...errors, invalidValue(field, name, 'should be a domain with at least three segments separated by dots')];
}

function validateWebhook(hook: JsonObject, field: string): FieldError[] {
  const errors = objectsIn(hook, 'rules').flatMap((rule, at) => validateRule(rule, `${field}.rules[${at}]`));
  for (const [key, supported] of CHOICES) {
    const value = textIn(hook, key);
    if (!supported.includes(value)) errors.push(notSupported(`${field}.${key}`, value, supported));
  }
  errors.push(...validateSideEffects(hook, `${field}.sideEffects`));
  const seconds = numberIn(hook, 'timeoutSeconds') ?? 0;
  if (seconds < 1 || seconds > 30) {
    errors.push(invalidValue(`${field}.timeoutSeconds`, seconds, 'the timeout value must be between 1 and 30 seconds'));
  }
  for (const key of ['namespaceSelector', 'objectSelector']) {
    errors.push(...validateLabelSelector(objectIn(hook, key), `${field}.${key}`));
  }
  errors.push(...validateClient(objectIn(hook, 'clientConfig'), `${field}.clientConfig`));
  errors.push(...validateMatchConditions(hook, `${field}.matchConditions`, {authorizer: true}));
  return errors;
}

function validateSideEffects(hook: JsonObject, field: string): FieldError[] {
  const value = textIn(hook, 'sideEffects');
  if (value === '') return [required(field, `must specify one of ${SIDE_EFFECTS.join(', ')}`)];
  return SIDE_EFFECTS.includes(value) ? [] : [notSupported(field, value, SIDE_EFFECTS)];
}

/** A rule of a webhook or a policy. */
export function validateRule(rule: JsonObject, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const lists = [
    ['apiGroups', 'API groups'],
    ['apiVersions', 'API versions'],
  ] as const;
  for (const [key, plural] of lists) {
    const values = textsIn(rule, key);
    if (values.length === 0) errors.push(required(`${field}.${key}`));
    if (values.length > 1 && values.includes('*')) {
      errors.push(invalidValue(`${field}.${key}`, values, `if '*' is present, must not specify other ${plural}`));
    }
  }
  if (listAt(rule, 'resources').length === 0) errors.push(required(`${field}.resources`));
  const operations = textsIn(rule, 'operations');
  if (operations.length === 0) errors.push(required(`${field}.operations`));
  if (operations.length > 1 && operations.includes('*')) {
    errors.push(
      invalidValue(`${field}.operations`, operations, "if '*' is present, must not specify other operations"),
    );
  }
  operations.forEach((operation, at) => {
    if (!OPERATIONS.includes(operation)) errors.push(notSupported(`${field}.operations[${at}]`, operation, OPERATIONS));
  });
  const scope = textIn(rule, 'scope');
  return SCOPES.includes(scope) ? errors : [...errors, notSupported(`${field}.scope`, scope, SCOPES)];
}

function validateClient(client: JsonObject, field: string): FieldError[] {
  const {url, service} = client;
  if (isObject(service) === (typeof url === 'string')) {
    return [required(field, 'exactly one of url or service is required')];
  }
  return isObject(service) ? validateService(service, `${field}.service`) : validateUrl(String(url), `${field}.url`);
}

const DESIRED = 'desired format: https://host[/path]';

function validateUrl(text: string, field: string): FieldError[] {
  if (!URL.canParse(text)) return [required(field, `url must be a valid URL: ${DESIRED}`)];
  const url = new URL(text);
  const errors: FieldError[] = [];
  const wrong = (value: string, detail: string): void => void errors.push(invalidValue(field, value, detail));
  if (url.protocol !== 'https:') wrong(url.protocol.slice(0, -1), `'https' is the only allowed URL scheme; ${DESIRED}`);
  if (url.host === '') wrong(url.host, `host must be specified; ${DESIRED}`);
  if (url.username !== '') wrong(url.username, 'user information is not permitted in the URL');
  if (url.hash !== '') wrong(url.hash.slice(1), 'fragments are not permitted in the URL');
  if (url.search !== '') wrong(url.search.slice(1), 'query parameters are not permitted in the URL');
  return errors;
}

function validateService(service: JsonObject, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (textIn(service, 'name') === '') errors.push(required(`${field}.name`, 'service name is required'));
  if (textIn(service, 'namespace') === '') errors.push(required(`${field}.namespace`, 'service namespace is required'));
  const port = numberIn(service, 'port') ?? 0;
  errors.push(
    ...wrongPortNumber(port).map((text) => invalidValue(`${field}.port`, port, `port is not valid: ${text}`)),
  );
  const path = textIn(service, 'path');
  if (path === '' || path === '/') return errors;
  if (!path.startsWith('/')) return [...errors, invalidValue(`${field}.path`, path, "must start with a '/'")];
  const segments = path.slice(1).replace(/\/$/, '').split('/');
  return [
    ...errors,
    ...segments.flatMap((segment, at) => validateSegment(segment, {field: `${field}.path`, path, at})),
  ];
}

function validateSegment(segment: string, of: {field: string; path: string; at: number}): FieldError[] {
  if (segment === '') return [invalidValue(of.field, of.path, `segment[${of.at}] may not be empty`)];
  const wrong = segment.length > 63 || segment.includes('.') ? wrongSubdomain(segment) : wrongLabel(segment);
  return wrong.map((text) => invalidValue(of.field, of.path, `segment[${of.at}]: ${text}`));
}
