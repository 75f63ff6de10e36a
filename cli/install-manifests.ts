import {readFile, readdir} from 'node:fs/promises';

const MANIFESTS = new URL('../manifests/', import.meta.url);
const PARTS = {hub: ['hub'], agent: ['agent', 'member', 'admission']} as const;

/**
 * Everything that `kubectl apply` is given on installing a hub's cluster, or a member with its agent: the CRDs, then the parts, as one
 * YAML text. What several files have, so that each can be applied alone, is in it once.
 */
export async function installManifests(part: keyof typeof PARTS): Promise<string> {
  const crds = (await readdir(new URL('crds/', MANIFESTS))).filter((file) => file.endsWith('.yaml')).sort();
  const files = [...crds.map((file) => `crds/${file}`), ...PARTS[part].map((name) => `install/${name}.yaml`)];
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, MANIFESTS), 'utf8')));
  const documents = texts.flatMap((text) => text.split(/^---$/m)).map((text) => text.replace(/^#.*\n/gm, '').trim());
  return [...new Set(documents)].join('\n---\n');
}
