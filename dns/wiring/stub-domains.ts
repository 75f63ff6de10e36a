import type {DnsTarget} from './dns-target.ts';
import type {Wired} from './corefile-wiring.ts';
import {isInZone} from './server-label.ts';

/** What was there before, and what we made of it: in an annotation, because JSON knows no comments. */
export interface StubDomainsNote {
  readonly was: string | null;
  readonly wrote: string;
}

/**
 * `stubDomains` of kube-dns, `{"ZONE": ["ADDRESS"]}`, with the clusterset zone before the others.
 *
 * @param text - undefined: there are none
 * @param note - of the last time
 */
export function wireStubDomains(text: string | undefined, note: StubDomainsNote | undefined, target: DnsTarget): Wired {
  // Ours already, whatever else was written beside it since.
  const there = oursIn(text, note, target.zone);
  if (text !== undefined && JSON.stringify(there) === JSON.stringify([target.address])) return {ok: true, text};
  const rest = unwireStubDomains(text, note, target.zone);
  const known = readMap(rest ?? '{}');
  if (known === undefined) return {ok: false, because: 'stubDomains is not a JSON object of names and lists: mend it'};
  const taken = Object.keys(known).find((name) => isInZone(name, target.zone));
  if (taken !== undefined) {
    const because = `stubDomains has "${taken}" already: remove it if Isthmus shall answer for ${target.zone}`;
    return {ok: false, because};
  }
  const entry = `${JSON.stringify(target.zone)}: ${JSON.stringify([target.address])}`;
  if (rest === undefined) return {ok: true, text: `{${entry}}\n`};
  const separator = Object.keys(known).length > 0 ? ', ' : '';
  return {ok: true, text: rest.replace('{', () => `{${entry}${separator}`)};
}

/**
 * What was there before; with the other entries of today where somebody changed them meanwhile. An entry for the zone that is not as we
 * wrote it is somebody else's by now, and stays.
 */
export function unwireStubDomains(
  text: string | undefined,
  note: StubDomainsNote | undefined,
  zone: string,
): string | undefined {
  if (note === undefined || text === undefined || oursIn(text, note, zone) === undefined) return text;
  if (text === note.wrote) return note.was ?? undefined;
  const {[zone]: _ours, ...others} = readMap(text) ?? {};
  if (Object.keys(others).length === 0 && note.was === null) return undefined;
  return `${JSON.stringify(others)}\n`;
}

/** Whether the note is about this zone. */
export function isNoteOf({wrote}: StubDomainsNote, zone: string): boolean {
  return readMap(wrote)?.[zone] !== undefined;
}

/** The entry for the zone, if it is the one that we wrote: by the note, as nothing in it says whose it is. */
function oursIn(text: string | undefined, note: StubDomainsNote | undefined, zone: string): unknown {
  if (text === undefined || note === undefined) return undefined;
  const there = readMap(text)?.[zone];
  return JSON.stringify(there) === JSON.stringify(readMap(note.wrote)?.[zone]) ? there : undefined;
}

/** Reads the annotation; something else than we write there is none. */
export function parseNote(text: string | undefined): StubDomainsNote | undefined {
  const note = readMap(text ?? '');
  if (typeof note?.['wrote'] !== 'string') return undefined;
  return {was: typeof note['was'] === 'string' ? note['was'] : null, wrote: note['wrote']};
}

function readMap(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isMap ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    // Not JSON: the caller says so.
    return undefined;
  }
}
