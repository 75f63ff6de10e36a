import type {GlobalTrafficPolicy} from '../../src/api/kinds.ts';
import type {View} from '../../src/clusterset/view.ts';
import type {Injection} from '../../webhooks/injection/inject.ts';
import type {Pod} from '../../webhooks/injection/pod.ts';
import {podHandler} from '../../webhooks/injection/pod-handler.ts';
import {DEFAULT_SIDECAR_IMAGE} from '../../webhooks/injection/sidecar.ts';
import {namespaceOf, viewOf} from '../mesh/views.ts';
import type {ViewParts} from '../mesh/views.ts';
import {applyPatch} from '../webhooks/apply-patch.ts';
import {podOf} from '../webhooks/pods.ts';

/** A view in which the namespace `shop` wants sidecars. */
export function injectingView(parts: ViewParts): View {
  return viewOf({namespaces: [namespaceOf('shop', {labels: {'isthmus.dev/inject': 'enabled'}})], ...parts});
}

/** A pod of `shop` as it leaves the webhook's own handler: what a kubelet would get. */
export function injected(
  view: View,
  pod: Pod = podOf(),
): {readonly pod: Pod; readonly warnings: Injection['warnings']} {
  const handler = podHandler({
    view: () => view,
    namespace: 'isthmus-system',
    sidecarImage: DEFAULT_SIDECAR_IMAGE,
    zone: 'clusterset.local',
    selectedBy: 'label',
  });
  const answer = handler({
    uid: 'review-1',
    kind: {group: '', version: 'v1', kind: 'Pod'},
    resource: {group: '', version: 'v1', resource: 'pods'},
    operation: 'CREATE',
    namespace: 'shop',
    object: pod,
    oldObject: null,
  });
  if (!answer.allowed) throw new Error('the webhook refused the pod');
  return {pod: applyPatch(pod, answer.patch ?? []), warnings: answer.warnings ?? []};
}

/** A policy for `bar/foo`. */
export function policyFor(spec: NonNullable<GlobalTrafficPolicy['spec']>): ViewParts['more'] {
  const policy: GlobalTrafficPolicy = {
    apiVersion: 'flomesh.io/v1alpha1',
    kind: 'GlobalTrafficPolicy',
    metadata: {name: 'foo', namespace: 'bar'},
    spec,
  };
  return {trafficPolicies: new Map([['bar/foo', policy]])};
}
