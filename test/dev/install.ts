import {readFileSync, readdirSync} from 'node:fs';
import {join, resolve} from 'node:path';

const manifests = resolve(import.meta.dirname, '../../manifests');

/** Everything that `kubectl apply` would be given on installing: the CRDs, then the parts. */
export function installManifests(part: 'hub' | 'agent'): string {
  const crds = readdirSync(join(manifests, 'crds')).map((file) => `crds/${file}`);
  return [...crds, 'install/namespace.yaml', `install/${part}.yaml`]
    .map((file) => readFileSync(join(manifests, file), 'utf8'))
    .join('\n---\n');
}
