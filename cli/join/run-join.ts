import {rootCertificates} from 'node:tls';

import type {Cluster} from '../../src/api/kinds.ts';
import {DEFAULT_NAMESPACE, HUB_MANAGER, memberRecordName} from '../../src/api/names.ts';
import {clusters} from '../../src/api/resources.ts';
import {admitCluster} from '../../src/clusterset/admit/cluster.ts';
import {IsthmusError} from '../../src/errors.ts';
import {TOKEN_DAYS} from '../../src/hub/plan-token-renewal.ts';
import {mayDo} from '../../src/kube/access-review.ts';
import {KubeClient} from '../../src/kube/client.ts';
import type {ClusterCredentials} from '../../src/kube/credentials.ts';
import {kubeconfigText} from '../../src/kube/kubeconfig-text.ts';
import {parseUntrustedKubeconfig} from '../../src/kube/untrusted-kubeconfig.ts';
import {probeTcp} from '../../src/probes/tcp-probe.ts';
import {shownAddress} from '../arguments.ts';
import {CLI_MANAGER} from '../operator-hub.ts';
import {step} from '../terminal.ts';
import {manifestObjects} from './apply-object.ts';
import {askSettings} from './ask-settings.ts';
import {Changes} from './changes.ts';
import {checkClusters} from './check-clusters.ts';
import type {CheckedClusters} from './check-clusters.ts';
import {installAccount} from './install-account.ts';
import type {JoinContext, JoinOptions} from './join-context.ts';
import {clusterPatch, plannedCluster} from './join-plan.ts';
import {missingRights, rightsIn, rightText} from './member-rights.ts';
import type {MemberToken} from './member-token.ts';
import {expiryText, keptToken, newToken} from './member-token.ts';
import {untilMember} from './until-member.ts';

const RIGHTS_WITHIN_MS = 10_000;
/** Of the gateway, seen from here, which is not where the members are. */
const GATEWAY_TIMEOUT_MS = 3_000;

/**
 * Makes a cluster a member. Everything that can be looked at is looked at before the first change; run again it changes only
 * what differs; where it can't go on it says what it did and how that is taken back.
 *
 * @throws IsthmusError ISTHMUS_COMMAND_REFUSED, ISTHMUS_NOT_OBSERVED, ISTHMUS_USAGE; KubeError
 */
export async function runJoin(options: JoinOptions): Promise<void> {
  const {terminal, dryRun, member} = options;
  const changes = new Changes(terminal, dryRun);
  const client = new KubeClient({credentials: member, userAgent: CLI_MANAGER});
  try {
    await join({...options, client, changes});
  } catch (error) {
    changes.explainFailure();
    throw error;
  } finally {
    await client.close();
  }
}

async function join(context: JoinContext): Promise<void> {
  const {name, dryRun, terminal, hub, signal} = context;
  const checked = await checkClusters(context);
  const settings = await askSettings(context, checked.existing);
  const planned = plannedCluster(name, settings, checked);
  const way = wayIn(context, checked);
  await checkPlanned(context, planned, checked.others);
  await installAccount(context);
  if (dryRun) {
    await registerDry(context, planned, checked);
    return;
  }
  const token = await tokenFor(context, way, checked);
  await checkRights(context, {...way, token: token.token});
  if (!checked.isInCluster) await writeSecret(context, way, token);
  await writeCluster(context, planned, checked);
  const {generation} = (await hub.cluster(name, signal))?.metadata ?? {};
  await untilMember({name, hub, terminal, signal, generation, withinMs: context.waitMs});
}

/** What the hub's webhook would refuse is refused here, before the first change. */
async function checkPlanned({hub, terminal}: JoinContext, planned: Cluster, others: readonly Cluster[]): Promise<void> {
  const {denials, warnings} = admitCluster(planned, others, {development: hub.development});
  if (denials.length > 0) {
    const reasons = denials.map(({field, message}) => (field === undefined ? message : `${field}: ${message}`));
    throw new IsthmusError('ISTHMUS_COMMAND_REFUSED', reasons.join('; '));
  }
  for (const {message} of warnings) step(terminal, 'warning', message);
  const at = {host: planned.spec?.gatewayHost ?? '', port: planned.spec?.gatewayPort ?? 80};
  const silence = await probeTcp(at, {timeoutMs: GATEWAY_TIMEOUT_MS});
  const where = shownAddress(at);
  if (silence === undefined) step(terminal, 'gateway', `${where} takes connections, as seen from here`);
  else step(terminal, 'warning', `gateway: nothing answers at ${where}, as seen from here: ${silence}`);
}

/**
 * How the hub will get to the member's API server. Into its own cluster it goes as it always does, so that there only the way from
 * here counts. @throws IsthmusError ISTHMUS_COMMAND_REFUSED
 */
function wayIn(
  {member, memberServer, hub, terminal}: JoinContext,
  {isInCluster}: CheckedClusters,
): Omit<ClusterCredentials, 'token' | 'clientCert' | 'clientKey'> {
  if (isInCluster) {
    if (memberServer !== undefined)
      step(terminal, 'note', "--member-server is not used: it is the hub's own cluster, which it reaches anyway");
    return addressOf(member);
  }
  if (member.ca === rootCertificates.join('\n')) {
    const reason = "the member's kubeconfig names no CA, which the hub needs: add certificate-authority-data";
    throw new IsthmusError('ISTHMUS_COMMAND_REFUSED', reason);
  }
  const {ca, tlsServerName} = member;
  const way = {...addressOf(member), ...(memberServer === undefined ? {} : {server: memberServer})};
  // Read as the hub will read it, with a token of the same make.
  const text = kubeconfigText({name: 'member', server: way.server, caPem: ca, tlsServerName, token: 'checked-later'});
  try {
    parseUntrustedKubeconfig(text, {development: hub.development});
  } catch (error) {
    if (!(error instanceof IsthmusError)) throw error;
    const reason = `the hub would not go to ${way.server}; name another address with --member-server`;
    throw new IsthmusError('ISTHMUS_COMMAND_REFUSED', reason, {}, {cause: error});
  }
  return way;
}

function addressOf({server, ca, tlsServerName}: ClusterCredentials): ReturnType<typeof wayIn> {
  return {server, ca, ...(tlsServerName === undefined ? {} : {tlsServerName})};
}

async function tokenFor(context: JoinContext, way: ClusterCredentials, checked: CheckedClusters): Promise<MemberToken> {
  const {name, hub, client, terminal, signal} = context;
  const {development} = hub;
  const nowMs = Date.now();
  const account = `ServiceAccount ${DEFAULT_NAMESPACE}/${HUB_MANAGER}`;
  if (checked.isInCluster) {
    step(
      terminal,
      'token',
      `of ${account}, to ask for its rights and then be forgotten: the hub's own way stays as it is`,
    );
    return newToken(client, 'check', signal);
  }
  const kubeconfig = (await hub.secrets.read(name, signal))?.kubeconfig;
  const kept = keptToken(kubeconfig, way, {development, nowMs});
  if (kept !== undefined) {
    step(terminal, 'as it is', `the token of ${account}, ${expiryText(kept, nowMs)}`);
    return kept;
  }
  const token = await newToken(client, 'hub', signal);
  step(terminal, 'token', `of ${account}, ${expiryText(token, nowMs)} (asked for ${TOKEN_DAYS})`);
  return token;
}

/** Asks as the hub will. */
async function checkRights({terminal, signal}: JoinContext, credentials: ClusterCredentials): Promise<void> {
  const client = new KubeClient({credentials, userAgent: CLI_MANAGER});
  try {
    const rights = rightsIn(await manifestObjects(['member']));
    const missing = await missingRights(client, rights, {withinMs: RIGHTS_WITHIN_MS, signal});
    if (missing.length > 0) {
      const reason = `the token may not ${missing.map(rightText).join(', ')}; something takes away what member.yaml gives`;
      throw new IsthmusError('ISTHMUS_COMMAND_REFUSED', reason);
    }
    step(terminal, 'rights', `the token has all ${rights.length} that the hub needs`);
    if (await mayDo(client, {verb: 'get', group: '', resource: 'secrets'}, {signal})) {
      step(terminal, 'warning', 'the token may read every Secret of the member, which the hub has no need of');
    }
  } finally {
    await client.close();
  }
}

async function writeSecret(context: JoinContext, way: ClusterCredentials, {token}: MemberToken): Promise<void> {
  const {name, hub, changes, signal} = context;
  const {server, ca: caPem, tlsServerName} = way;
  const kubeconfig = kubeconfigText({name, server, caPem, tlsServerName, token});
  const before = await hub.secrets.read(name, signal);
  const what = `Secret ${hub.namespace}/${memberRecordName(name)} in the hub's cluster, with a kubeconfig of that token`;
  if (before?.kubeconfig === kubeconfig) {
    changes.note('unchanged', what);
    return;
  }
  await hub.secrets.write(name, {kubeconfig, movedAtMs: [], isPutBack: false}, signal);
  const undo = `kubectl delete secret ${memberRecordName(name)} -n ${hub.namespace}`;
  changes.note(before === undefined ? 'created' : 'changed', what, undo);
}

async function writeCluster(
  {name, hub, changes, signal}: JoinContext,
  planned: Cluster,
  {existing}: CheckedClusters,
): Promise<void> {
  const options = {fieldManager: CLI_MANAGER, signal};
  const what = `Cluster ${name}`;
  if (existing === undefined) {
    await hub.client.create(clusters, planned, options);
    changes.note('created', what, `isthmus leave ${name}`);
    return;
  }
  const body = clusterPatch(existing, planned);
  if (body !== undefined) await hub.client.patch(clusters, {name}, {type: 'merge', body}, options);
  changes.note(body === undefined ? 'unchanged' : 'changed', what);
}

async function registerDry(
  {name, hub, changes, terminal, signal}: JoinContext,
  planned: Cluster,
  {existing, isInCluster}: CheckedClusters,
): Promise<void> {
  if (!isInCluster) {
    step(
      terminal,
      'would',
      `ask for a token of ServiceAccount ${DEFAULT_NAMESPACE}/${HUB_MANAGER} for ${TOKEN_DAYS} days, and check its rights`,
    );
    const kept = await hub.secrets.read(name, signal);
    changes.note(
      kept === undefined ? 'created' : 'unchanged',
      `Secret ${hub.namespace}/${memberRecordName(name)} in the hub's cluster`,
    );
  }
  const differs = existing !== undefined && clusterPatch(existing, planned) !== undefined;
  changes.note(existing === undefined ? 'created' : differs ? 'changed' : 'unchanged', `Cluster ${name}`);
  terminal.print('\nNothing was changed (--dry-run).');
}
