import {afterAll, beforeAll, describe, test} from 'vitest';
import {kubectls} from '../../tools/kubectls.ts';
import {testCluster, WIDGET_CRD} from '../apiserver/support/clusters.ts';
import type {TestCluster} from '../apiserver/support/clusters.ts';
import {Kubectl} from '../apiserver/support/kubectl.ts';
import {freshNamespace, runScenario} from './run-scenario.ts';
import {scenarios} from './scenarios.ts';

let at: TestCluster;

beforeAll(async () => {
  at = await testCluster();
  await at.cluster.applyManifests(WIDGET_CRD);
});

afterAll(() => at.close());

for (const {name, path, reason} of await kubectls()) {
  if (path === undefined) test(`${name} on an embedded API server (${reason})`, ({skip}) => skip());

  describe.runIf(path !== undefined)(`${name} on an embedded API server`, () => {
    let kubectl: Kubectl;
    beforeAll(() => {
      kubectl = new Kubectl(path ?? '', at.cluster.kubeconfig);
    });
    afterAll(() => kubectl.close());

    test.each(scenarios)('$name', {timeout: 60_000}, async (scenario) => {
      await runScenario(scenario, kubectl, freshNamespace());
    });
  });
}
