import type {Corefile, Directive, ServerBlock} from './corefile.ts';
import {isInZone, parseServerLabel, zoneName} from './server-label.ts';

/** Somebody else's words about the clusterset zone. */
export interface ZoneClaim {
  readonly line: number;
  /** As it is written. */
  readonly words: string;
  /** The whole block, where a server block is for the zone itself. */
  readonly block: ServerBlock | undefined;
}

/**
 * What in a Corefile speaks of the zone or of names in it. A server block of ours beside it would never be asked (a block for
 * names below the zone is closer), would not load (a block for the zone), or would take its questions away (a plugin in the block of the root).
 */
export function zoneClaims({servers, snippets}: Corefile, zone: string): readonly ZoneClaim[] {
  return [...servers, ...snippets].flatMap((block) => {
    const zones = block.labels.map((label) => parseServerLabel(label).zone);
    const own = zones.some((name) => isInZone(name, zone));
    if (own) return [{line: block.line, words: block.labels.join(' '), block}];
    return block.directives.filter((directive) => speaksOf(directive, zone)).map((directive) => shown(directive));
  });
}

/** The same for a file that is imported into a server block: plugins without one. */
export function claimsInOverride(text: string, zone: string): boolean {
  const words = text.split('\n').flatMap((line) => line.replace(/#.*/, '').split(/\s+/));
  return words.some((word) => mentions(word, zone));
}

function shown({line, name, args}: Directive): ZoneClaim {
  return {line, words: [name, ...args].join(' '), block: undefined};
}

function speaksOf({args, options}: Directive, zone: string): boolean {
  return [...args, ...(options ?? []).flat()].some((word) => mentions(word, zone));
}

/** Regular expressions of `rewrite` have their dots escaped. */
function mentions(word: string, zone: string): boolean {
  const plain = zoneName(word.replaceAll('\\', '').replace(/\$?["']?$/, ''));
  return isInZone(plain, zone);
}
