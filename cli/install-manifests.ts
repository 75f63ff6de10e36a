import {readFile, readdir} from 'node:fs/promises';

const MANIFESTS = new URL('../manifests/', import.meta.url);
const PARTS = {hub: ['hub'], agent: ['agent', 'member', 'admission']} as const;

/** The files of all CRDs, and those of a part. */
export type ManifestPart = 'crds' | 'hub' | 'agent' | 'member' | 'admission';

async function filesOf(part: ManifestPart): Promise<readonly string[]> {
  if (part !== 'crds') return [`install/${part}.yaml`];
  const found = await readdir(new URL('crds/', MANIFESTS));
  return found
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => `crds/${file}`);
}

/** YAML documents of these parts, each once, in the order in which they may be applied. */
export async function manifestDocuments(parts: readonly ManifestPart[]): Promise<readonly string[]> {
  const files = (await Promise.all(parts.map(filesOf))).flat();
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, MANIFESTS), 'utf8')));
  const documents = texts.flatMap((text) => text.split(/^---$/m)).map((text) => text.replace(/^#.*\n/gm, '').trim());
  return [...new Set(documents)];
}

/**
 * Everything that `kubectl apply` is given on installing a hub's cluster, or a member with its agent: the CRDs, then the parts, as one
 * YAML text. What several files have, so that each can be applied alone, is in it once.
 */
export async function installManifests(part: keyof typeof PARTS): Promise<string> {
  return (await manifestDocuments(['crds', ...PARTS[part]])).join('\n---\n');
}
