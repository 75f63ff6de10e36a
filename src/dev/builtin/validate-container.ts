import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {duplicate, forbiddenField, invalidValue, notFoundValue, notSupported, required} from './field-errors.ts';
import {wrongEnvName, wrongLabel, wrongPortName, wrongPortNumber} from './name-rules.ts';
import {numberIn, objectIn, objectsIn, textIn} from './read-json.ts';

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const RESTART_POLICIES = ['Always', 'Never', 'OnFailure'];
const MAX_ID = 2_147_483_647;

export interface ContainerScope {
  readonly volumes: ReadonlySet<string>;
  /** Names that earlier containers of the pod have, of all sorts: they share one space. */
  readonly names: Set<string>;
  readonly isInit: boolean;
}

export function validateContainer(container: JsonObject, field: string, scope: ContainerScope): FieldError[] {
  return [
    ...validateName(container, field, scope),
    ...validateImage(container, field),
    ...validateRestart(container, field, scope),
    ...validatePorts(container, field),
    ...validateEnv(container, field),
    ...validateMounts(container, field, scope),
    ...validateIds(container, field),
  ];
}

function validateName(container: JsonObject, field: string, {names}: ContainerScope): FieldError[] {
  const name = textIn(container, 'name');
  if (name === '') return [required(`${field}.name`)];
  const errors = wrongLabel(name).map((text) => invalidValue(`${field}.name`, name, text));
  if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
  names.add(name);
  return errors;
}

function validateImage(container: JsonObject, field: string): FieldError[] {
  const image = textIn(container, 'image');
  const errors: FieldError[] = [];
  if (image === '') errors.push(required(`${field}.image`));
  else if (image.trim() !== image) {
    errors.push(invalidValue(`${field}.image`, image, 'must not have leading or trailing whitespace'));
  }
  const pull = textIn(container, 'imagePullPolicy');
  if (!PULL_POLICIES.includes(pull)) errors.push(notSupported(`${field}.imagePullPolicy`, pull, PULL_POLICIES));
  const message = textIn(container, 'terminationMessagePolicy');
  if (MESSAGE_POLICIES.includes(message)) return errors;
  return [...errors, notSupported(`${field}.terminationMessagePolicy`, message, MESSAGE_POLICIES)];
}

/** Only a sidecar, an init container that restarts for ever, may have probes and lifecycle hooks (KEP-753). */
function validateRestart(container: JsonObject, field: string, scope: ContainerScope): FieldError[] {
  const policy = textIn(container, 'restartPolicy');
  const errors: FieldError[] = [];
  if (policy !== '' && !RESTART_POLICIES.includes(policy)) {
    errors.push(notSupported(`${field}.restartPolicy`, policy, RESTART_POLICIES));
  }
  if (!scope.isInit || policy === 'Always') return errors;
  const unwanted = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'].filter(
    (key) => container[key] !== undefined,
  );
  const text = 'may not be set for init containers without restartPolicy=Always';
  return [...errors, ...unwanted.map((key) => forbiddenField(`${field}.${key}`, text))];
}

function validatePorts(container: JsonObject, field: string): FieldError[] {
  const seen = new Set<string>();
  return objectsIn(container, 'ports').flatMap((port, at) => {
    const here = `${field}.ports[${at}]`;
    const errors: FieldError[] = [];
    const name = textIn(port, 'name');
    if (name !== '') {
      errors.push(...wrongPortName(name).map((text) => invalidValue(`${here}.name`, name, text)));
      if (seen.has(name)) errors.push(duplicate(`${here}.name`, name));
      seen.add(name);
    }
    const number = numberIn(port, 'containerPort') ?? 0;
    if (number === 0) errors.push(required(`${here}.containerPort`));
    else errors.push(...wrongPortNumber(number).map((text) => invalidValue(`${here}.containerPort`, number, text)));
    const protocol = textIn(port, 'protocol');
    if (!PROTOCOLS.includes(protocol)) errors.push(notSupported(`${here}.protocol`, protocol, PROTOCOLS));
    return errors;
  });
}

function validateEnv(container: JsonObject, field: string): FieldError[] {
  return objectsIn(container, 'env').flatMap((variable, at) => {
    const here = `${field}.env[${at}]`;
    const name = textIn(variable, 'name');
    if (name === '') return [required(`${here}.name`)];
    const errors = wrongEnvName(name).map((text) => invalidValue(`${here}.name`, name, text));
    if (variable['valueFrom'] === undefined || textIn(variable, 'value') === '') return errors;
    return [...errors, invalidValue(`${here}.valueFrom`, '', 'may not be specified when `value` is not empty')];
  });
}

function validateMounts(container: JsonObject, field: string, {volumes}: ContainerScope): FieldError[] {
  const paths = new Set<string>();
  return objectsIn(container, 'volumeMounts').flatMap((mount, at) => {
    const here = `${field}.volumeMounts[${at}]`;
    const name = textIn(mount, 'name');
    const path = textIn(mount, 'mountPath');
    const errors: FieldError[] = [];
    if (name === '') errors.push(required(`${here}.name`));
    else if (!volumes.has(name)) errors.push(notFoundValue(`${here}.name`, name));
    if (path === '') errors.push(required(`${here}.mountPath`));
    else if (paths.has(path)) errors.push(invalidValue(`${here}.mountPath`, path, 'must be unique'));
    paths.add(path);
    return errors;
  });
}

function validateIds(container: JsonObject, field: string): FieldError[] {
  const context = objectIn(container, 'securityContext');
  return ['runAsUser', 'runAsGroup'].flatMap((key) => {
    const id = numberIn(context, key) ?? 0;
    if (id >= 0 && id <= MAX_ID) return [];
    return [invalidValue(`${field}.securityContext.${key}`, id, `must be between 0 and ${MAX_ID}, inclusive`)];
  });
}
