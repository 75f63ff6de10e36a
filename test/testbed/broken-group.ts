import type {KubeClient} from '../../src/kube/client.ts';
import {until} from './until.ts';

/** Nobody is there: the aggregation layer answers 503 for it. */
const NOBODY = {name: 'nobody', namespace: 'default', port: 443};
const AUTOMANAGED = 'kube-aggregator.kubernetes.io/automanaged';
const SEEN_MS = 20_000;

/** One version of an API group, such as {group: 'flomesh.io', version: 'v1alpha1'}. */
export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/**
 * Makes a real API server answer every request for these custom resources with 503, by registering an extension API server
 * that is not there. It stays so over restarts; watches that are open already go on.
 */
export async function breakGroups(client: KubeClient, groups: readonly GroupVersion[]): Promise<void> {
  const body = {
    metadata: {labels: {[AUTOMANAGED]: null}},
    spec: {service: NOBODY, insecureSkipTLSVerify: true},
  };
  for (const group of groups) {
    await request(client, 'PATCH', {path: servicePath(group), body, contentType: 'application/merge-patch+json'});
  }
  await untilAnswered(client, groups, 503);
}

/** The kube-apiserver serves them itself again. */
export async function mendGroups(client: KubeClient, groups: readonly GroupVersion[]): Promise<void> {
  for (const group of groups) await request(client, 'DELETE', {path: servicePath(group)});
  await untilAnswered(client, groups, 200);
}

function servicePath({group, version}: GroupVersion): string {
  return `/apis/apiregistration.k8s.io/v1/apiservices/${version}.${group}`;
}

async function untilAnswered(client: KubeClient, groups: readonly GroupVersion[], wanted: number): Promise<void> {
  for (const {group, version} of groups) {
    const path = `/apis/${group}/${version}`;
    await until(`${path} to answer ${wanted}`, async () => (await client.raw('GET', path)).status === wanted, {
      deadlineMs: SEEN_MS,
    });
  }
}

async function request(
  client: KubeClient,
  method: 'PATCH' | 'DELETE',
  o: {path: string; body?: object; contentType?: string},
): Promise<void> {
  const {status, body} = await client.raw(method, o.path, o);
  if (status >= 300) throw new Error(`${method} ${o.path} was answered with ${status}: ${body}`);
}
