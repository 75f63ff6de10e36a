import {isMap, isScalar, isSeq, parseDocument, stringify} from 'yaml';
import type {Wired} from './corefile-wiring.ts';
import {claimed, serverBlocks} from './corefile-wiring.ts';
import {parseCorefile} from './corefile.ts';
import type {Corefile, ServerBlock} from './corefile.ts';
import type {DnsTarget} from './dns-target.ts';
import {findMarked, withMarked, withoutMarked} from './marked-block.ts';
import {isInZone, parseServerLabel} from './server-label.ts';
import {zoneClaims} from './zone-claims.ts';

/**
 * Values for the CoreDNS chart (RKE2) that forward the clusterset zone. Helm takes a list as a whole: where the values have `servers`, ours is
 * one more item; where they have none, the servers that run now are written down beside it, since ours alone would replace them.
 *
 * @param values - `valuesContent` of the HelmChartConfig
 * @param running - the Corefile that the chart has made
 */
export function wireHelmValues(values: string | undefined, running: string, target: DnsTarget): Wired {
  const text = values ?? '';
  const marked = findMarked(text);
  if (marked.kind === 'broken') return {ok: false, because: marked.because};
  const rest = withoutMarked(text);
  const document = parseDocument(rest);
  if (document.errors.length > 0) {
    return {ok: false, because: `its values are not YAML: ${document.errors[0]?.message.split('\n')[0] ?? ''}`};
  }
  const root: unknown = document.contents;
  if (root !== null && !(isMap(root) && root.flow !== true)) {
    return {ok: false, because: 'its values are not a block mapping: write them as `key: value` lines'};
  }
  const servers = isMap(root) ? root.get('servers', true) : undefined;
  if (servers === undefined) return withAllServers(text, running, target);
  if (!isSeq(servers) || servers.flow === true || servers.items.length === 0) {
    return {
      ok: false,
      because: '`servers` in its values is not a block list with items: write it as `- zones: …` lines',
    };
  }
  const taken = zonesOf(document.toJS() as Values).find((zone) => isInZone(zone, target.zone));
  if (taken !== undefined) {
    return {ok: false, because: `\`servers\` has the zone ${taken} already: remove it if Isthmus shall answer for it`};
  }
  const first: unknown = servers.items[0];
  const start = typeof first === 'object' && first !== null && 'range' in first ? (first.range as number[])[0] : 0;
  const lineStart = rest.lastIndexOf('\n', (start ?? 0) - 1) + 1;
  if (isScalar(first) || !/^[ \t]*- /.test(rest.slice(lineStart))) {
    return {ok: false, because: 'the first item of `servers` does not begin on a line of its own: begin it with `- `'};
  }
  const ports = {servers: [], snippets: [], imports: []};
  const like = parseCorefile(withoutMarked(running));
  return {ok: true, text: withMarked(text, items(like.ok ? like.corefile : ports, target), lineStart)};
}

/** The values as they were; undefined where only ours were there. */
export function unwireHelmValues(values: string | undefined): string | undefined {
  const rest = values === undefined ? undefined : withoutMarked(values);
  return rest === '' && values !== '' ? undefined : rest;
}

interface Values {
  readonly servers?: readonly {readonly zones?: readonly {readonly zone?: string}[]}[];
}

function zonesOf({servers = []}: Values): readonly string[] {
  return servers.flatMap(({zones = []}) => zones.map(({zone = '.'}) => zone));
}

function withAllServers(text: string, running: string, target: DnsTarget): Wired {
  const parsed = parseCorefile(withoutMarked(running));
  if (!parsed.ok) return {ok: false, because: `the Corefile that runs can't be read: ${parsed.because}`};
  const {servers, snippets, imports} = parsed.corefile;
  if (snippets.length > 0 || imports.length > 0) {
    return {
      ok: false,
      because: 'the Corefile that runs has imports, which `servers` of the chart can not: add a server by hand',
    };
  }
  // The chart has written our own server there since the last time.
  const others = servers.filter(({labels}) => !(findMarked(text).kind === 'found' && isOurs(labels, target)));
  const [claim] = zoneClaims({servers: others, snippets, imports}, target.zone);
  if (claim !== undefined) return {ok: false, because: `in the Corefile that runs, ${claimed(claim, target.zone)}`};
  const corefile = {servers: others, snippets, imports};
  const list = [items(corefile, target), ...others.map((block) => item(block, running))].join('\n');
  return {ok: true, text: withMarked(text, `servers:\n${list}`, beginning(text))};
}

function isOurs(labels: readonly string[], {zone}: DnsTarget): boolean {
  return labels.every((label) => parseServerLabel(label).zone === zone);
}

/** Behind the line that begins the document, where there is one. */
function beginning(text: string): number {
  return /^(?:[ \t]*(?:#.*)?\n)*---[^\n]*\n/.exec(text)?.[0].length ?? 0;
}

function items(like: Corefile, target: DnsTarget): string {
  const text = serverBlocks(like, target);
  const parsed = parseCorefile(text);
  return parsed.ok ? parsed.corefile.servers.map((block) => item(block, text)).join('\n') : '';
}

/** A server block as an item of the chart's `servers`. */
function item({labels, directives}: ServerBlock, text: string): string {
  const parsed = labels.map((label) => parseServerLabel(label));
  const port = parsed.find((label) => label.port !== undefined)?.port ?? '53';
  const value = {
    zones: parsed.map(({scheme, zone}) => ({zone, ...(scheme === 'dns' ? {} : {scheme: `${scheme}://`})})),
    port: /^\d+$/.test(port) ? Number(port) : port,
    plugins: directives.map(({name, argsSpan, optionsSpan}) => ({
      name,
      ...(argsSpan.end > argsSpan.start ? {parameters: text.slice(argsSpan.start, argsSpan.end)} : {}),
      ...(optionsSpan === undefined ? {} : {configBlock: dedented(text.slice(optionsSpan.start, optionsSpan.end))}),
    })),
  };
  return stringify([value], {lineWidth: 0}).trimEnd();
}

function dedented(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const indents = lines.map((line) => line.length - line.trimStart().length);
  return lines.map((line) => line.slice(Math.min(...indents)).trimEnd()).join('\n');
}
