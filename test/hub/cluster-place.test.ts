import {describe, expect, test} from 'vitest';
import type {Cluster} from '../../src/api/kinds.ts';
import {isPlacedElsewhere} from '../../src/hub/cluster-place.ts';

const cluster = (spec: Cluster['spec']): Cluster => ({
  apiVersion: 'flomesh.io/v1alpha1',
  kind: 'Cluster',
  metadata: {name: 'cluster-1'},
  ...(spec === undefined ? {} : {spec}),
});

describe('an edit of a Cluster', () => {
  const before = {gatewayHost: '192.0.2.1', gatewayPort: 80, region: 'eu', kubeconfig: 'a'};

  test.each<{name: string; after: Cluster['spec']; elsewhere: boolean}>([
    {name: 'of nothing', after: before, elsewhere: false},
    {name: 'that rotates the kubeconfig', after: {...before, kubeconfig: 'b'}, elsewhere: false},
    {
      name: 'that moves the kubeconfig to a Secret',
      after: {gatewayHost: '192.0.2.1', gatewayPort: 80, region: 'eu', kubeconfigSecretRef: {name: 's'}},
      elsewhere: false,
    },
    {name: 'of its region', after: {...before, region: 'us'}, elsewhere: true},
    {name: 'of its gateway', after: {...before, gatewayHost: '192.0.2.2'}, elsewhere: true},
    {name: 'that gives it a network', after: {...before, network: 'flat'}, elsewhere: true},
  ])('$name: has everything compared again: $elsewhere', ({after, elsewhere}) => {
    expect(isPlacedElsewhere(cluster(before), cluster(after))).toBe(elsewhere);
  });
});
