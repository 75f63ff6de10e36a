import type {AdmissionRequest} from '../../webhooks/review.ts';

/** A request as a kube-apiserver sends it; a test says what matters to it. */
export function requestOf(parts: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind: {group: 'example.org', version: 'v1', kind: 'Thing'},
    resource: {group: 'example.org', version: 'v1', resource: 'things'},
    name: 'one',
    namespace: 'shop',
    operation: 'CREATE',
    object: {apiVersion: 'example.org/v1', kind: 'Thing', metadata: {name: 'one', namespace: 'shop'}},
    oldObject: null,
    dryRun: false,
    ...parts,
  };
}

export function reviewOf(parts: Partial<AdmissionRequest> = {}): string {
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {...requestOf(parts), userInfo: {username: 'jane'}, options: {kind: 'CreateOptions'}},
  });
}
