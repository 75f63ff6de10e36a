import {pino} from 'pino';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';

import {HUB_MANAGER} from '../../../src/api/names.ts';
import type {DevCluster} from '../../../src/dev/dev-cluster.ts';
import {startEmbeddedCluster} from '../../../src/dev/embedded-cluster.ts';
import {KubeClient} from '../../../src/kube/client.ts';
import {ALLOWED, ATTEMPTS, attempt} from '../../testbed/least-privilege/attempts.ts';
import type {Attempt, Who} from '../../testbed/least-privilege/attempts.ts';
import {attackers, makeVictims} from '../../testbed/least-privilege/victims.ts';
import {openPlace} from '../../testbed/least-privilege/world.ts';
import type {Place} from '../../testbed/least-privilege/world.ts';

/*
 * What RBAC and the ValidatingAdmissionPolicies of manifests/install refuse on a real API server, they refuse here, in the same words:
 * the table is that of test/testbed/least-privilege-hostile.
 */

const KUBERNETES_SLICE = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}
addressType: IPv4
endpoints: []
`;

let place: Place<DevCluster>;
let clients: Readonly<Record<Who, KubeClient>>;

beforeAll(async () => {
  const cluster = await startEmbeddedCluster({name: 'member', index: 1, logger: pino({level: 'silent'})});
  place = await openPlace<DevCluster>(cluster, 'agent');
  const hub = new KubeClient({credentials: place.access(HUB_MANAGER).credentials, userAgent: 'isthmus-hub'});
  await makeVictims(place, hub);
  await hub.close();
  // A real API server has one for itself.
  await cluster.applyManifests(KUBERNETES_SLICE);
  clients = await attackers(place);
});

afterAll(async () => {
  await Promise.all([...Object.values(clients), place.admin].map((client) => client.close()));
  await place.cluster.close();
});

const titled = (all: readonly Attempt[]): {title: string; of: Attempt}[] =>
  all.map((of) => ({title: `${of.who} ${of.what}`, of}));

describe('a credential in hostile hands', () => {
  test.each(titled(ATTEMPTS))('$title: refused', async ({of}) => {
    const {status, message} = await attempt(clients[of.who], of);
    expect({status, message}).toMatchObject({status: 403});
    if (of.by === 'RBAC') expect(message).toMatch(/is forbidden: User "system:serviceaccount:[-a-z:]+" cannot /);
    else expect(message).toContain(`ValidatingAdmissionPolicy '${of.by}' with binding '${of.by}' denied request: `);
    expect(message).toContain(of.says ?? '');
  });

  test.each(titled(ALLOWED))('$title: allowed', async ({of}) => {
    const {status, message} = await attempt(clients[of.who], of);
    expect(status, message).toBeLessThan(300);
  });
});
