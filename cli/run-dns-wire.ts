import {clusterDnsAddress, readClusterDns} from '../dns/cluster-dns/read-objects.ts';
import {proveWiring} from '../dns/cluster-dns/prove-wiring.ts';
import {proofName} from '../dns/why.ts';
import {restartWorkload} from '../dns/cluster-dns/restart-workload.ts';
import {markUndone} from '../dns/cluster-dns/undone-mark.ts';
import {writeEdits} from '../dns/cluster-dns/write-edit.ts';
import type {Edit} from '../dns/wiring/cluster-dns-objects.ts';
import {targetOf} from '../dns/wiring/dns-target.ts';
import {shownDifference} from '../dns/wiring/shown-difference.ts';
import {planUnwiring, planWiring, shownEdit} from '../dns/wiring/wiring-plan.ts';
import type {Place} from '../dns/wiring/wiring-plan.ts';
import type {Service} from '../src/api/kinds.ts';
import {DNS_SERVICE} from '../src/api/names.ts';
import {services} from '../src/api/resources.ts';
import {isDnsSubdomain} from '../src/clusterset/label-syntax.ts';
import {IsthmusError} from '../src/errors.ts';
import {KubeClient} from '../src/kube/client.ts';
import {KubeError} from '../src/kube/kube-error.ts';
import {shownAddress} from './arguments.ts';
import {readCredentials} from './credentials.ts';
import type {WireFlags} from './dns-wire.ts';

/** Where NodeLocal DNSCache listens, on each node for that node alone: what answers elsewhere is the DNS behind it. */
const LINK_LOCAL = '169.254.';

type Print = (line: string) => void;

/** Somebody else may write at the same time; more often than this in a row it is a fight. */
const ATTEMPTS = 5;

/**
 * Wires or unwires. Exit code 0: done (or nothing to do), and where it was asked for proof, not disproven; 1: the cluster's DNS does
 * not answer as it should.
 *
 * @throws IsthmusError ISTHMUS_DNS_WIRING where something stands in the way, with what to do
 */
export async function runDnsWire(flags: WireFlags, print: Print): Promise<number> {
  zoneOf(flags);
  const client = new KubeClient({credentials: await readCredentials(flags), userAgent: 'isthmus-agent'});
  try {
    const target = await findTarget(client, flags);
    if (flags.undo === true)
      return await unwire(client, {flags, print, address: target.ok ? target.address : undefined});
    if (!target.ok) throw new IsthmusError('ISTHMUS_DNS_WIRING', target.because);
    const places = await wire(client, {flags, print, address: target.address});
    if (flags.dryRun === true) return 0;
    await mindRestarts(client, places, {flags, print});
    return await prove(client, places, {flags, print});
  } finally {
    await client.close();
  }
}

interface Work {
  readonly flags: WireFlags;
  readonly print: Print;
}

async function findTarget(client: KubeClient, {namespace}: WireFlags): Promise<ReturnType<typeof targetOf>> {
  const service = await client.find<Service>(services, {namespace, name: DNS_SERVICE});
  return targetOf(service, `${namespace}/${DNS_SERVICE}`);
}

/** Returns all places, those that were changed now with their edits. */
async function wire(client: KubeClient, o: Work & {readonly address: string}): Promise<readonly Place[]> {
  const {flags, print, address} = o;
  return againOnConflict(async () => {
    const places = planWiring(await readClusterDns(client), {zone: zoneOf(flags), address});
    if (places.length === 0) throw new IsthmusError('ISTHMUS_DNS_WIRING', unknownDns(flags, address));
    const refused = places.flatMap(({because}) => (because === undefined ? [] : [because]));
    // All or nothing: a node's cache and the cluster's DNS must not disagree.
    if (refused.length > 0) throw new IsthmusError('ISTHMUS_DNS_WIRING', refused.join('; '));
    for (const {layout, shown, state} of places)
      print(`${layout}: ${shown}${state === 'Wired' ? ' is wired already' : ''}`);
    const edits = places.flatMap(({edit}) => (edit === undefined ? [] : [edit]));
    await write(client, edits, o);
    return places;
  });
}

async function unwire(client: KubeClient, o: Work & {readonly address: string | undefined}): Promise<number> {
  const {flags, print, address} = o;
  await againOnConflict(async () => {
    const zone = zoneOf(flags);
    const target = address === undefined ? undefined : {zone, address};
    const edits = planUnwiring(await readClusterDns(client), zone, target);
    if (edits.length === 0) print('nothing of Isthmus is in the configuration of this DNS');
    await write(client, edits, o);
  });
  return 0;
}

async function write(client: KubeClient, edits: readonly Edit[], {flags, print}: Work): Promise<void> {
  const {namespace, dryRun = false, undo: undone = false} = flags;
  await writeEdits(client, edits, {
    dryRun,
    // Before, so that no agent that repairs writes again what was just taken away.
    onTried: () => markUndone(client, {namespace, dryRun, undone}),
    onWritten: (edit) => {
      print(`${dryRun ? 'would change' : 'changed'} ${shownEdit(edit)}`);
      print(shownDifference(edit.before, edit.after).trimEnd());
    },
  });
}

async function againOnConflict<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isRace = error instanceof KubeError && (error.isConflict || error.isAlreadyExists);
      if (!isRace || attempt === ATTEMPTS) throw error;
    }
  }
}

async function mindRestarts(client: KubeClient, places: readonly Place[], {flags, print}: Work): Promise<void> {
  for (const {restart, edit} of places) {
    if (restart === undefined || edit === undefined) continue;
    if (flags.restart === true) {
      await restartWorkload(client, restart);
      print(`restarted ${restart}`);
    } else {
      print(`${restart} has no "reload" in its Corefile, so it must be restarted: give --restart, or`);
      print(`  kubectl rollout restart -n kube-system ${restart.toLowerCase()}`);
    }
  }
}

async function prove(client: KubeClient, places: readonly Place[], {flags, print}: Work): Promise<number> {
  const at = flags.clusterDns ?? (await clusterDnsAddress(client));
  const zone = zoneOf(flags);
  if (at === undefined) {
    print('not proven: there is no Service kube-dns to ask');
    for (const line of byHand(zone)) print(line);
    return 0;
  }
  const shown = shownAddress(at);
  const proof = await proveWiring({server: at.host, port: at.port, zone, waitMs: flags.wait});
  if (proof.kind === 'Proven') {
    print(`proven: the cluster's DNS at ${shown} answers ${proof.answer}`);
    const isCache = at.host.startsWith(LINK_LOCAL);
    if (!isCache && places.some(({layout}) => layout === 'NodeLocal DNSCache')) {
      print('NodeLocal DNSCache was not asked, which only pods and nodes can do');
      for (const line of byHand(zone)) print(line);
    }
    return 0;
  }
  const what = proof.kind === 'Unreachable' ? 'not proven: from here nothing answers at' : 'it does not work yet at';
  print(`${what} ${shown}: ${proof.because}`);
  for (const line of byHand(zone)) print(line);
  return proof.kind === 'Unreachable' ? 0 : 1;
}

/** How to see it from where pods are. */
function byHand(zone: string): readonly string[] {
  const pod = 'kubectl run isthmus-dns-check --rm -i --restart=Never --image=busybox:1.37';
  return [
    'to prove it from a pod (the answer has the text server=Isthmus):',
    `  ${pod} -- nslookup -type=txt ${proofName('by-hand', zone)}`,
  ];
}

/** It goes into configuration files: what is no name would become syntax there. */
function zoneOf({dnsZone}: WireFlags): string {
  const zone = dnsZone.toLowerCase().replace(/\.$/, '');
  if (!isDnsSubdomain(zone)) throw new IsthmusError('ISTHMUS_USAGE', `--dns-zone ${dnsZone} is not a domain name`);
  return zone;
}

function unknownDns({dnsZone}: WireFlags, address: string): string {
  const known = 'CoreDNS, kube-dns, NodeLocal DNSCache and the DNS operator of OpenShift';
  return `this cluster has none of ${known} under their usual names; forward ${dnsZone} to ${address} by hand`;
}
