/** How an answer is to look: plain, as a Table, or as metadata only. */
export type Presentation = 'Object' | 'Table' | 'PartialObjectMetadata';

export interface Accepted {
  readonly presentation: Presentation;
  readonly encoding: 'json' | 'yaml';
}

interface Offer {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The types of an Accept header in their order; quality values are not used by any Kubernetes client. */
export function parseAccept(header: string): readonly Offer[] {
  return header.split(',').flatMap((part) => {
    const [type = '', ...parameters] = part.split(';').map((text) => text.trim());
    if (type === '') return [];
    const pairs = parameters.map((text) => text.split('=', 2) as [string, string | undefined]);
    return [{type: type.toLowerCase(), parameters: new Map(pairs.map(([name, value]) => [name, value ?? '']))}];
  });
}

/**
 * The first offered type that is served. Protobuf is not, so the usual `protobuf,json` gets JSON (apiserver.md §1.2).
 *
 * @returns undefined where nothing fits: 406
 */
export function negotiate(header: string | undefined): Accepted | undefined {
  const offers = parseAccept(header ?? '');
  if (offers.length === 0) return {presentation: 'Object', encoding: 'json'};
  for (const {type, parameters} of offers) {
    const encoding = encodingOf(type);
    const presentation = encoding === undefined ? undefined : presentationOf(parameters);
    if (encoding !== undefined && presentation !== undefined) return {encoding, presentation};
  }
  return undefined;
}

function encodingOf(type: string): 'json' | 'yaml' | undefined {
  if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'json';
  return type === 'application/yaml' ? 'yaml' : undefined;
}

function presentationOf(parameters: ReadonlyMap<string, string>): Presentation | undefined {
  const as = parameters.get('as');
  if (as === undefined) return 'Object';
  const known = parameters.get('g') === 'meta.k8s.io' && ['v1', 'v1beta1'].includes(parameters.get('v') ?? '');
  if (!known) return undefined;
  if (as === 'Table') return 'Table';
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? 'PartialObjectMetadata' : undefined;
}
