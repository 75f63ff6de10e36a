import type {DnsTarget} from './dns-target.ts';
import type {Corefile, ServerBlock} from './corefile.ts';
import {parseCorefile} from './corefile.ts';
import {forwardsByTcp, listenersOf} from './listeners.ts';
import type {Listener} from './listeners.ts';
import {blankedMarked, findMarked, withMarked, withoutMarked} from './marked-block.ts';
import {parseServerLabel} from './server-label.ts';
import {zoneClaims} from './zone-claims.ts';

export type Wired =
  | {readonly ok: true; readonly text: string}
  /** A sentence that ends with what to do. */
  | {readonly ok: false; readonly because: string};

/**
 * A Corefile that forwards the clusterset zone: the same text with a server block of ours before everything else, or in place of the
 * one that stands there. Refused where somebody else's words speak of the zone.
 */
export function wireCorefile(text: string, target: DnsTarget): Wired {
  const marked = findMarked(text);
  if (marked.kind === 'broken') return {ok: false, because: marked.because};
  if (text.startsWith('\uFEFF')) return {ok: false, because: 'it begins with a byte order mark: save it without'};
  const others = parseCorefile(blankedMarked(text));
  if (!others.ok) return {ok: false, because: `it can't be read: ${others.because}`};
  const claims = zoneClaims(others.corefile, target.zone);
  // A tool that rewrites Corefiles (`kubeadm upgrade`) leaves comments out: then the block is still ours and still right.
  if (marked.kind === 'none' && claims.length > 0 && claims.every(({block}) => isUnmarked(block, target))) {
    return {ok: true, text};
  }
  const [claim] = claims;
  if (claim !== undefined) return {ok: false, because: claimed(claim, target.zone)};
  return {ok: true, text: withMarked(text, serverBlocks(others.corefile, target), 0)};
}

/** The text as it was before {@link wireCorefile}; with a `target`, a block of ours whose marks were lost goes too. */
export function unwireCorefile(text: string, target: DnsTarget | undefined): string {
  const rest = withoutMarked(text);
  if (target === undefined || rest !== text) return rest;
  const parsed = parseCorefile(text);
  if (!parsed.ok) return text;
  const ours = parsed.corefile.servers.filter((block) => isUnmarked(block, target));
  return ours.reduceRight((left, block) => withoutLines(left, block), text);
}

/** The server blocks for the zone that fit the listeners of this Corefile. */
export function serverBlocks(corefile: Corefile, target: DnsTarget): string {
  const byTcp = forwardsByTcp(corefile);
  return listenersOf(corefile)
    .map((listener) => serverBlock(listener, target, byTcp))
    .join('\n');
}

export function claimed(claim: {readonly line: number; readonly words: string}, zone: string): string {
  const {line, words} = claim;
  return `line ${line}, "${words}", is about ${zone} already: remove it if Isthmus shall answer for ${zone}`;
}

function serverBlock({port, bind}: Listener, {zone, address}: DnsTarget, byTcp: boolean): string {
  const forward = `forward . ${address}`;
  return [
    `${zone}${port === undefined ? '' : `:${port}`} {`,
    ...bind.map((addresses) => `    bind ${addresses}`),
    '    errors',
    '    cache 30',
    ...(byTcp ? [`    ${forward} {`, '        force_tcp', '    }'] : [`    ${forward}`]),
    '}',
  ].join('\n');
}

/** A block as {@link serverBlock} writes them, to the address that Isthmus has. */
function isUnmarked(block: ServerBlock | undefined, {zone, address}: DnsTarget): boolean {
  if (block === undefined) return false;
  const isZone = block.labels.every((label) => parseServerLabel(label).zone === zone);
  const others = block.directives.filter(({name}) => !['bind', 'errors', 'cache', 'forward'].includes(name));
  const forwards = block.directives.filter(({name}) => name === 'forward');
  return isZone && others.length === 0 && forwards.length === 1 && forwards[0]?.args.join(' ') === `. ${address}`;
}

/** Without the lines of a block, where nothing else stands on them. */
function withoutLines(text: string, {start, end}: ServerBlock): string {
  const before = text.slice(0, start).replace(/(^|\n)[ \t]*$/, '$1');
  const after = text.slice(end).replace(/^[ \t\r]*\n/, '');
  return before + after;
}
