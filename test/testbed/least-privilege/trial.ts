import {until} from '../../../src/dev/real/until.ts';
import {resourcePath} from '../../../src/kube/resource-path.ts';
import {AGENT, AGENT_READS} from './agent-behaviours.ts';
import type {Behaviour} from './behaviour.ts';
import {DIRECT} from './direct-behaviours.ts';
import {HUB, HUB_READS} from './hub-behaviours.ts';
import {MARKS} from './mark-behaviours.ts';
import {POLICIES} from './policy-behaviours.ts';
import {SLICES} from './slice-behaviours.ts';
import type {Right} from './rules.ts';
import {allRules, rulesWithout, titleOf} from './rules.ts';
import type {Place, World} from './world.ts';

const BEHAVIOURS = {...HUB, ...MARKS, ...AGENT, ...POLICIES, ...SLICES, ...DIRECT};
const BROKEN = {deadlineMs: 20_000};
const BACK = {deadlineMs: 30_000};

/** What a right is kept for; undefined for one that nobody knows a use of. A right to read needs no entry of its own. */
export function behaviourOf(right: Right): Behaviour | undefined {
  const known = BEHAVIOURS[titleOf(right)];
  if (known !== undefined || !['list', 'watch'].includes(right.verb)) return known;
  return right.account === 'isthmus-hub' ? HUB_READS : AGENT_READS;
}

/** Behaviours that are told for a right that no manifest gives. */
export function unusedBehaviours(rights: readonly Right[]): readonly string[] {
  const titles = new Set(rights.map(titleOf));
  return Object.keys(BEHAVIOURS).filter((title) => !titles.has(title));
}

/**
 * Takes one right away and shows that its behaviour is gone, and why; gives it back and shows that it comes by itself.
 * @throws Error where the behaviour doesn't need the right, or doesn't come back
 */
export async function tryWithout(world: World, right: Right, behaviour: Behaviour): Promise<void> {
  const {restarts, prepare, provoke, holds, tidy, refusal = 'logged'} = behaviour;
  if (restarts === 'hub') await world.stopHub();
  if (restarts === 'agent') await world.stopAgent();
  await prepare?.(world);
  await withoutRight(world, right, async () => {
    world.refusals.clear();
    await provoke?.(world);
    await untilBroken(world, right, behaviour);
  });
  if (refusal === 'once') await provoke?.(world);
  const why = (): string => world.refusals.tail;
  await until(`"${behaviour.what}" to hold again`, async () => holds(world), {...BACK, why});
  await tidy?.(world);
}

/** Does something while a right is missing. */
export async function withoutRight(world: World, right: Right, work: () => Promise<void>): Promise<void> {
  await setRules(world, right, rulesWithout(right));
  try {
    await work();
  } finally {
    await setRules(world, right, allRules(right));
  }
}

async function untilBroken(world: World, right: Right, behaviour: Behaviour): Promise<void> {
  const {holds, refusal = 'logged', what} = behaviour;
  const useless = new Error(`"${what}" holds without the right: it is of no use for that`);
  const why = (): string => world.refusals.tail;
  if (refusal === 'unlogged') {
    await until(`"${what}" to break`, async () => !(await holds(world)), {...BROKEN, why: () => useless.message});
    return;
  }
  const wanted = refusal === 'logged' ? 2 : 1;
  const texts = behaviour.says === undefined ? refusalTexts(right) : [behaviour.says];
  const look = async (): Promise<boolean> => {
    if (world.refusals.count(...texts) >= wanted) return true;
    if (await holds(world)) throw useless;
    return false;
  };
  await until(`a refusal: ${texts.join(' ')}`, look, {...BROKEN, why});
  if (await holds(world)) throw useless;
}

/** As the authorizer says it. */
function refusalTexts({account, verb, resource, group, name}: Right): readonly string[] {
  const user = `User "system:serviceaccount:isthmus-system:${account}"`;
  const cannot = `${user} cannot ${verb} resource "${resource}" in API group "${group}"`;
  return name === undefined ? [cannot] : [cannot, `"${name}"`];
}

/** Writes the rules of the right's role, and waits until the authorizer goes by them. */
async function setRules(world: World, right: Right, rules: readonly object[]): Promise<void> {
  const place: Place = right.file === 'hub' ? world.hubPlace : world.memberPlace;
  const {kind, metadata} = right.role;
  const resource = {
    ...{group: 'rbac.authorization.k8s.io', version: 'v1', kind},
    ...{plural: `${kind.toLowerCase()}s`, namespaced: kind === 'Role'},
  };
  const write = {fieldManager: 'kubectl'};
  await place.admin.patch(resource, metadata, {type: 'merge', body: {rules}}, write);
  const isGiven = rules.length === allRules(right).length && rules === allRules(right);
  await until(
    `the authorizer to know ${titleOf(right)}`,
    async () => (await isAllowed(place, right)) === isGiven,
    BROKEN,
  );
}

async function isAllowed(place: Place, right: Right): Promise<boolean> {
  const {account, verb, group, name} = right;
  const [resource, subresource] = right.resource.split('/');
  const {namespace} = right.role.metadata;
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: `system:serviceaccount:isthmus-system:${account}`,
      groups: ['system:serviceaccounts', 'system:serviceaccounts:isthmus-system', 'system:authenticated'],
      resourceAttributes: {verb, group, resource, subresource, name, namespace},
    },
  };
  const answer = await place.admin.raw('POST', resourcePath(REVIEWS, {}), {body});
  return (JSON.parse(answer.body) as {status: {allowed: boolean}}).status.allowed;
}

const REVIEWS = {
  ...{group: 'authorization.k8s.io', version: 'v1', kind: 'SubjectAccessReview'},
  ...{plural: 'subjectaccessreviews', namespaced: false},
};
