import {once} from 'node:events';
import type {IncomingMessage} from 'node:http';
import {get} from 'node:https';
import {text} from 'node:stream/consumers';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';

import type {KubeObject} from '../../src/api/meta.ts';
import {HUB_MANAGER} from '../../src/api/names.ts';
import type {KubeClient} from '../../src/kube/client.ts';
import {missingForClusters} from '../../src/dev/real/part-cache.ts';
import {until} from '../../src/dev/real/until.ts';
import {ALLOWED, ATTEMPTS, attempt, REFUSED_TWICE} from './least-privilege/attempts.ts';
import type {Attempt, Who} from './least-privilege/attempts.ts';
import {readManifest} from './least-privilege/rules.ts';
import {attackers, makeVictims} from './least-privilege/victims.ts';
import {World} from './least-privilege/world.ts';

interface Policy extends KubeObject {
  readonly spec: {readonly validations: readonly {readonly expression: string; readonly message: string}[]};
}

const POLICIES = {
  ...{group: 'admissionregistration.k8s.io', version: 'v1', kind: 'ValidatingAdmissionPolicy'},
  ...{plural: 'validatingadmissionpolicies', namespaced: false},
};
const BINDINGS = {
  ...POLICIES,
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
};
const SOON = {deadlineMs: 20_000};
const KUBECTL = {fieldManager: 'kubectl'};

const missing = await missingForClusters();
const policies = readManifest('admission').filter(
  (object): object is Policy => object.kind === 'ValidatingAdmissionPolicy',
);
const titled = (all: readonly Attempt[]): {title: string; of: Attempt}[] =>
  all.map((of) => ({title: `${of.who} ${of.what}`, of}));
function refusedBy(policy: string, message: string): readonly Attempt[] {
  const refused = ATTEMPTS.filter(({by, says = ''}) => by === policy && message.includes(says));
  return refused.filter(({what}) => !REFUSED_TWICE.has(what));
}

if (missing !== undefined) test(`hostile hands (${missing})`, ({skip}) => skip());

describe.runIf(missing === undefined)('a credential in hostile hands', () => {
  let world: World;
  let clients: Readonly<Record<Who, KubeClient>>;

  beforeAll(async () => {
    world = await World.start();
    await makeVictims(world.memberPlace, world.memberAsHub);
    clients = await attackers(world.memberPlace);
    // An API server takes a second to go by policies that are new to it.
    const names = policies.map(({metadata}) => metadata.name);
    const samples = names.flatMap((name) => ATTEMPTS.find(({by}) => by === name) ?? []);
    for (const of of samples) await untilRefused(of);
  });

  afterAll(async () => {
    await Promise.all(Object.values(clients).map((client) => client.close()));
    await world.close();
  });

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

  test('impersonation of anybody is refused', async () => {
    const {server, ca, token = ''} = world.memberPlace.access(HUB_MANAGER).credentials;
    const headers = {'authorization': `Bearer ${token}`, 'impersonate-user': 'admin'};
    const asked = get(`${server}/api/v1/secrets`, {ca, headers});
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(403);
    expect(await text(answer)).toContain('impersonate');
  });

  // Each for itself: they hold different things, and the API server takes a second to go by a new one.
  test.concurrent.each(policies.map((policy) => ({policy, name: policy.metadata.name})))(
    '$name: every rule of it refuses something that nothing else does, by its binding',
    async ({policy, name}) => {
      const {validations} = policy.spec;
      const set = async (list: readonly object[]): Promise<void> => {
        const body = {spec: {validations: list}};
        await world.memberPlace.admin.patch(POLICIES, {name}, {type: 'merge', body}, KUBECTL);
      };
      for (const one of validations) {
        const tried = refusedBy(name, one.message);
        if (tried.length === 0) throw new Error(`nothing is tried against: ${one.message}`);
        const others = validations.filter((other) => other !== one);
        // A policy must have a rule; one that always holds stands in for none.
        await set(others.length === 0 ? [{expression: 'true'}] : others);
        for (const of of tried) await untilPassed(of);
      }
      await set(validations);
      const all = ATTEMPTS.filter(({by}) => by === name);
      for (const of of all) await untilRefused(of);
      const [first] = all;
      const binding = readManifest('admission').find(
        (each) => each.kind === BINDINGS.kind && each.metadata.name === name,
      );
      if (first === undefined || binding === undefined) throw new Error(`${name} is not bound`);
      await world.memberPlace.admin.delete(BINDINGS, {name});
      await untilPassed(first);
      await world.memberPlace.admin.create(BINDINGS, binding, KUBECTL);
      await untilRefused(first);
    },
  );

  async function untilPassed(of: Attempt): Promise<void> {
    let said = '';
    const look = async (): Promise<boolean> => {
      const {status, message} = await attempt(clients[of.who], of);
      said = message;
      return status < 300;
    };
    await until(`${of.who} ${of.what}`, look, {...SOON, why: () => said});
  }

  async function untilRefused(of: Attempt): Promise<void> {
    const look = async (): Promise<boolean> => (await attempt(clients[of.who], of)).status === 403;
    await until(`a refusal: ${of.who} ${of.what}`, look, SOON);
  }
});
