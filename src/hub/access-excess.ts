import {mayDo, type Right} from '../kube/access-review.ts';
import type {CallOptions} from '../kube/call-options.ts';
import type {KubeClient} from '../kube/client.ts';
import type {Opinion} from './plan-cluster-status.ts';

/** What the hub's credential in a member is never needed for, by what somebody could do who has stolen it (design §10). */
export const EXCESS: readonly {readonly what: string; readonly right: Right}[] = [
  {what: 'everything', right: {verb: '*', group: '*', resource: '*'}},
  {what: 'read Secrets', right: {verb: 'list', group: '', resource: 'secrets'}},
  {what: 'create pods', right: {verb: 'create', group: '', resource: 'pods'}},
  {what: 'run commands in pods', right: {verb: 'create', group: '', resource: 'pods', subresource: 'exec'}},
  {what: 'change Services', right: {verb: 'patch', group: '', resource: 'services'}},
  {what: 'delete namespaces', right: {verb: 'delete', group: '', resource: 'namespaces'}},
  {
    what: 'make tokens of any account',
    right: {verb: 'create', group: '', resource: 'serviceaccounts', subresource: 'token'},
  },
  {
    what: 'give rights',
    right: {verb: 'create', group: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings'},
  },
  {
    what: 'change webhooks',
    right: {verb: 'patch', group: 'admissionregistration.k8s.io', resource: 'validatingwebhookconfigurations'},
  },
  {
    what: 'change kinds',
    right: {verb: 'patch', group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions'},
  },
  {what: 'speak for others', right: {verb: 'impersonate', group: '', resource: 'users'}},
];

/** Which of these the credential of a client may do, by the member's own word. @throws KubeError */
export async function findExcess(client: KubeClient, limits: CallOptions): Promise<readonly string[]> {
  const found: string[] = [];
  for (const {what, right} of EXCESS) {
    if (!(await mayDo(client, right, limits))) continue;
    found.push(what);
    // The rest is in it.
    if (right.verb === '*') break;
  }
  return found;
}

/** Undefined: it may do nothing of that. It is a warning: such a member is synced like any other. */
export function excessOpinion(excess: readonly string[]): Opinion | undefined {
  if (excess.length === 0) return undefined;
  const message =
    `The credential of the hub may also ${excess.join(', ')} there, which it has no need of: whoever takes the hub has it. ` +
    'Use one of ServiceAccount isthmus-hub with manifests/install/member.yaml; isthmus join makes it.';
  return {status: 'True', reason: 'MoreThanNeeded', message};
}
