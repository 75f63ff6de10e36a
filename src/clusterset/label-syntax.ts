import {isDnsLabel, MANAGED_BY_LABEL, TTL_ANNOTATION} from '../api/names.ts';

const NAME_PART = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
/** All annotations of one object together, as API servers count them: keys and values, in bytes of UTF-8. */
const MAX_ANNOTATIONS_BYTES = 256 * 1024;

/**
 * Prefixes that mean something to Isthmus, to consumers of the standard or to kubectl: an export that set them on imports
 * could fake who is ready, which cluster a slice is from, or what was applied.
 */
const RESERVED_PREFIXES = ['isthmus.dev', 'multicluster.kubernetes.io', 'kubectl.kubernetes.io'];

/** A qualified name, `[prefix/]name`: the syntax of label and annotation keys. */
function isQualifiedName(key: string): boolean {
  const parts = key.split('/');
  if (parts.length > 2) return false;
  const name = parts.at(-1) ?? '';
  return isNamePart(name) && (parts.length === 1 || isDnsSubdomain(parts[0] ?? ''));
}

function isNamePart(text: string): boolean {
  return text.length <= 63 && NAME_PART.test(text);
}

/** RFC 1123: labels joined by dots, at most 253 characters. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= 253 && text.split('.').every(isDnsLabel);
}

export function isLabelValue(value: string): boolean {
  return value === '' || isNamePart(value);
}

function isReserved(key: string): boolean {
  if (key === TTL_ANNOTATION) return false;
  return key === MANAGED_BY_LABEL || RESERVED_PREFIXES.some((prefix) => key.startsWith(`${prefix}/`));
}

export interface ExportedMapFault {
  readonly key: string;
  readonly message: string;
}

/**
 * What is wrong with `exportedLabels` or `exportedAnnotations`, which no schema checks (reference: MCS §1.6). Such an entry
 * would make every write of the import fail, in every cluster, so it is refused at admission and left out by `merge`.
 */
export function exportedMapFaults(
  map: Readonly<Record<string, string>>,
  of: 'label' | 'annotation',
): readonly ExportedMapFault[] {
  const faults = Object.entries(map).flatMap(([key, value]) => {
    const message = entryFault(key, value, of);
    return message === undefined ? [] : [{key, message}];
  });
  return of === 'annotation' && faults.length === 0 ? oversized(map) : faults;
}

function entryFault(key: string, value: string, of: 'label' | 'annotation'): string | undefined {
  if (!isQualifiedName(key)) {
    return `${JSON.stringify(key)} is not a valid ${of} key: use [prefix/]name of letters, digits, '-', '_' and '.', a name of at most 63 characters`;
  }
  if (isReserved(key)) return `${of} ${key} is reserved and can't be exported: use a key with a domain of your own`;
  if (of === 'label' && !isLabelValue(value)) {
    return `the value of label ${key} is not valid: use at most 63 letters, digits, '-', '_' and '.', the first and last a letter or digit`;
  }
  return undefined;
}

/** Too much as a whole: every key is at fault, since dropping some of them would be arbitrary. */
function oversized(map: Readonly<Record<string, string>>): readonly ExportedMapFault[] {
  const bytes = Object.entries(map).reduce((sum, [key, value]) => sum + byteLength(key) + byteLength(value), 0);
  if (bytes <= MAX_ANNOTATIONS_BYTES) return [];
  const message = `the annotations have ${bytes} bytes together: export at most ${MAX_ANNOTATIONS_BYTES}`;
  return Object.keys(map).map((key) => ({key, message}));
}

function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** The entries that may be exported. */
export function exportable(map: Readonly<Record<string, string>>, of: 'label' | 'annotation'): Record<string, string> {
  const faulty = new Set(exportedMapFaults(map, of).map(({key}) => key));
  return Object.fromEntries(Object.entries(map).filter(([key]) => !faulty.has(key)));
}
