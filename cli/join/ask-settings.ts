import type {Cluster} from '../../src/api/kinds.ts';
import type {KubeObject} from '../../src/api/meta.ts';
import {nodes} from '../../src/api/resources.ts';
import {IsthmusError} from '../../src/errors.ts';
import {KubeError} from '../../src/kube/kube-error.ts';
import {step} from '../terminal.ts';
import type {JoinContext} from './join-context.ts';
import type {JoinSettings} from './join-plan.ts';

interface Node extends KubeObject {
  readonly spec?: {readonly podCIDRs?: readonly string[]};
}

/**
 * What the command line left open and nobody said before: asked of who sits there, otherwise left at its default and said.
 *
 * @throws IsthmusError ISTHMUS_USAGE without a gateway, where nobody can be asked for one
 */
export async function askSettings(context: JoinContext, existing: Cluster | undefined): Promise<JoinSettings> {
  const {settings, terminal} = context;
  const known = {...existing?.spec, ...settings};
  let asked: JoinSettings = settings;
  if (known.gatewayHost === undefined) {
    const gatewayHost = terminal.isInteractive ? await terminal.ask('Address or DNS name of its gateway: ') : '';
    if (gatewayHost === '')
      throw new IsthmusError('ISTHMUS_USAGE', 'name the gateway of the member with --gateway-host');
    asked = {...asked, gatewayHost};
  }
  if (known.network === undefined) {
    const question = 'Network, the same name for clusters that reach each other’s pods (empty: one of its own): ';
    const network = terminal.isInteractive ? await terminal.ask(question) : '';
    if (network !== '') asked = {...asked, network};
    else step(terminal, 'network', 'one of its own: others reach it by its gateway (--network)');
  }
  if (known.podCIDRs === undefined) asked = {...asked, ...(await askPodCIDRs(context))};
  return asked;
}

async function askPodCIDRs(context: JoinContext): Promise<Pick<JoinSettings, 'podCIDRs'>> {
  const {terminal} = context;
  const found = await nodeRanges(context);
  const hint = found.length === 0 ? '' : `; its nodes say ${found.join(',')}`;
  if (terminal.isInteractive) {
    const answer = await terminal.ask(`Address ranges of its pods, comma-separated (empty: any${hint}): `);
    if (answer !== '') return {podCIDRs: answer.split(',').map((range) => range.trim())};
  }
  step(terminal, 'podCIDRs', `none given: endpoints of any range are taken from it (--pod-cidrs${hint})`);
  return {};
}

/** What controllers gave to its nodes; some networks know better, so that it is a hint and no more. */
async function nodeRanges({client, signal}: JoinContext): Promise<readonly string[]> {
  try {
    const {items} = await client.list<Node>(nodes, {signal});
    return [...new Set(items.flatMap(({spec}) => spec?.podCIDRs ?? []))].slice(0, 4);
  } catch (error) {
    if (error instanceof KubeError && (error.isForbidden || error.isKindMissing)) return [];
    throw error;
  }
}
