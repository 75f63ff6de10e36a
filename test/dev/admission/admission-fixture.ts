import {ApiError} from '../../../src/dev/apiserver/api-error.ts';
import type {StatusBody} from '../../../src/dev/apiserver/api-error.ts';
import {WebhookAdmission} from '../../../src/dev/admission/admit.ts';
import type {AdmissionInput} from '../../../src/dev/admission/admit.ts';
import {RbacAuthorizer} from '../../../src/dev/authorization/rbac-authorizer.ts';
import type {ReachPod} from '../../../src/dev/admission/webhook-address.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {configMap, memoryCluster, namespace, silent} from '../controllers/memory-cluster.ts';
import type {MemoryCluster} from '../controllers/memory-cluster.ts';

const GROUP = 'admissionregistration.k8s.io';
const RULE = {apiGroups: ['*'], apiVersions: ['*'], resources: ['configmaps'], operations: ['*']};

export interface AdmissionFixture extends MemoryCluster {
  readonly admission: WebhookAdmission;
  readonly warnings: string[];
  /** Creates or replaces a configuration; `hooks` are completed to entries. */
  configure(kind: 'Mutating' | 'Validating', name: string, hooks: readonly JsonObject[]): void;
  input(fields?: Partial<AdmissionInput>): AdmissionInput;
  mutate(fields?: Partial<AdmissionInput>): Promise<JsonObject | null>;
  validate(fields?: Partial<AdmissionInput>): Promise<void>;
}

/** A cluster with the namespace `bar` and webhooks, without an HTTP server before it. */
export function admissionFixture(reachPod?: ReachPod): AdmissionFixture {
  const cluster = memoryCluster();
  cluster.api.create({group: '', plural: 'namespaces'}, namespace('bar', {team: 'a'}));
  const authorizer = new RbacAuthorizer(cluster.api);
  const admission = new WebhookAdmission({api: cluster.api, authorizer, logger: silent, reachPod});
  const warnings: string[] = [];
  const warn = (text: string): void => void warnings.push(text);
  const input = (fields: Partial<AdmissionInput> = {}): AdmissionInput => ({
    operation: 'CREATE',
    type: cluster.typeOf('configmaps'),
    namespace: 'bar',
    name: 'm',
    object: configMap('m'),
    oldObject: null,
    userInfo: {username: 'admin', groups: ['system:masters']},
    dryRun: false,
    options: {kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1'},
    ...fields,
  });
  return {
    ...cluster,
    admission,
    warnings,
    input,
    configure: (kind, name, hooks) => {
      const webhooks = hooks.map((hook, at) => ({
        name: `v${at + 1}.example.dev`,
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        timeoutSeconds: 2,
        rules: [RULE],
        ...hook,
      }));
      const ref = {group: GROUP, plural: `${kind.toLowerCase()}webhookconfigurations`};
      const object = {apiVersion: `${GROUP}/v1`, kind: `${kind}WebhookConfiguration`, metadata: {name}, webhooks};
      if (cluster.api.get(ref, undefined, name) === undefined) cluster.api.create(ref, object);
      else cluster.api.update(ref, object);
    },
    mutate: (fields) => admission.mutate(input(fields), warn),
    validate: (fields) => admission.validate(input(fields), warn),
  };
}

/** The Status that a promise is refused with. */
export async function refusal(promise: Promise<unknown>): Promise<StatusBody> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ApiError) return error.status;
    throw error;
  }
  throw new Error('it was not refused');
}
