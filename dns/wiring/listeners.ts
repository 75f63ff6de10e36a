import type {Corefile, ServerBlock} from './corefile.ts';
import {parseServerLabel} from './server-label.ts';

/** Where pods ask this CoreDNS: a server block for the clusterset zone has to listen at the same place. */
export interface Listener {
  /** As it is written, or undefined: the default. */
  readonly port: string | undefined;
  /** What stands behind `bind`, for each such line. NodeLocal DNSCache binds to the node's own addresses. */
  readonly bind: readonly string[];
}

/** The listeners of the block of the root; of all blocks where the root has none. Plain DNS alone. */
export function listenersOf({servers}: Corefile): readonly Listener[] {
  const roots = servers.flatMap((block) => plainListeners(block, true));
  const all = roots.length > 0 ? roots : servers.flatMap((block) => plainListeners(block, false));
  const distinct = new Map(all.map((listener) => [JSON.stringify(listener), listener]));
  return distinct.size > 0 ? [...distinct.values()] : [{port: '53', bind: []}];
}

/** True where names of the cluster are asked for over TCP, as NodeLocal DNSCache does it: UDP there loses answers to conntrack races. */
export function forwardsByTcp({servers}: Corefile): boolean {
  const forwards = servers
    .filter((block) => plainListeners(block, true).length === 0)
    .flatMap(({directives}) => directives.filter(({name}) => name === 'forward'));
  return forwards.some(({options}) => options?.some((words) => words[0] === 'force_tcp') === true);
}

/** CoreDNS looks for changes of its files by itself only where a server block says `reload`. */
export function reloadsItself({servers}: Corefile): boolean {
  return servers.some(({directives}) => directives.some(({name}) => name === 'reload'));
}

function plainListeners({labels, directives}: ServerBlock, ofRoot: boolean): readonly Listener[] {
  const bind = directives.filter(({name}) => name === 'bind').map(({args}) => args.join(' '));
  return labels
    .map((label) => parseServerLabel(label))
    .filter(({scheme, zone}) => scheme === 'dns' && (zone === '.' || !ofRoot))
    .map(({port}) => ({port, bind}));
}
