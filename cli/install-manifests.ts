import {readFile, readdir} from 'node:fs/promises';

const MANIFESTS = new URL('../manifests/', import.meta.url);

/** Everything that `kubectl apply` is given on installing a hub's cluster or a member: the CRDs, then the parts, as one YAML text. */
export async function installManifests(part: 'hub' | 'agent'): Promise<string> {
  const crds = (await readdir(new URL('crds/', MANIFESTS))).filter((file) => file.endsWith('.yaml')).sort();
  const files = [...crds.map((file) => `crds/${file}`), 'install/namespace.yaml', `install/${part}.yaml`];
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, MANIFESTS), 'utf8')));
  return texts.join('\n---\n');
}
