import {expect, test} from 'vitest';

import {restartWorkload} from '../../dns/cluster-dns/restart-workload.ts';

test.each([
  {workload: 'Deployment/coredns', plural: 'deployments', name: 'coredns'},
  {workload: 'DaemonSet/node-local-dns', plural: 'daemonsets', name: 'node-local-dns'},
])('$workload is restarted by an annotation on its pods, as kubectl does it', async ({workload, plural, name}) => {
  const calls: unknown[] = [];
  const patch = (...args: unknown[]): Promise<never> => {
    calls.push(args);
    return Promise.resolve({} as never);
  };
  await restartWorkload({patch}, workload, Date.UTC(2026, 0, 2));
  const annotations = {'kubectl.kubernetes.io/restartedAt': '2026-01-02T00:00:00Z'};
  expect(calls).toEqual([
    [
      expect.objectContaining({group: 'apps', plural}),
      {namespace: 'kube-system', name},
      {type: 'merge', body: {spec: {template: {metadata: {annotations}}}}},
      {fieldManager: 'isthmus-agent'},
    ],
  ]);
});
