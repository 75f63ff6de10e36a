import {afterAll, beforeAll, describe, expect, test} from 'vitest';

import {WIDGET_CRD} from '../dev/apiserver/support/clusters.ts';
import {Kubectl} from '../dev/apiserver/support/kubectl.ts';
import {freshNamespace, runScenario} from '../dev/kubectl/run-scenario.ts';
import {scenarios} from '../dev/kubectl/scenarios.ts';
import {missingForClusters} from '../../src/dev/real/part-cache.ts';
import {kubectls} from '../tools/kubectls.ts';
import {startFidelityServers} from './fidelity-servers.ts';
import type {FidelityServers} from './fidelity-servers.ts';

const missing = await missingForClusters();
const kubectlsHere = await kubectls();

if (missing !== undefined) test(`kubectl on real API servers (${missing})`, ({skip}) => skip());

describe.runIf(missing === undefined)('kubectl says the same of a real and of an embedded API server:', () => {
  let servers: FidelityServers;

  beforeAll(async () => {
    servers = await startFidelityServers();
    await servers.embedded.cluster.applyManifests(WIDGET_CRD);
    await servers.real.cluster.applyManifests(WIDGET_CRD);
  }, 90_000);

  afterAll(() => servers.close());

  for (const {name, path, reason} of kubectlsHere) {
    if (path === undefined) test(`${name} (${reason})`, ({skip}) => skip());

    describe.runIf(path !== undefined)(name, () => {
      let kubectl: {readonly real: Kubectl; readonly embedded: Kubectl};
      beforeAll(() => {
        kubectl = {
          real: new Kubectl(path ?? '', servers.real.cluster.kubeconfig),
          embedded: new Kubectl(path ?? '', servers.embedded.cluster.kubeconfig),
        };
      });
      afterAll(() => {
        kubectl.real.close();
        kubectl.embedded.close();
      });

      test.each(scenarios)('$name', async (scenario) => {
        const namespace = freshNamespace();
        const [real, embedded] = await Promise.all([
          runScenario(scenario, kubectl.real, namespace),
          runScenario(scenario, kubectl.embedded, namespace),
        ]);
        expect(embedded).toEqual(real);
      });
    });
  }
});
