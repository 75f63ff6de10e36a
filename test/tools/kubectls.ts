import {findPart} from '../../src/dev/real/part-cache.ts';
import {partNamed} from '../../src/dev/real/parts.ts';
import {findKubectl} from './find-kubectl.ts';

export interface NamedKubectl {
  readonly name: string;
  /** Undefined: it is not here. */
  readonly path: string | undefined;
  /** Why not, and how to get it. */
  readonly reason: string;
}

/** The two kubectls that suites use: the machine's, and the newer one that `npm run testbed:install` fetches. */
export async function kubectls(): Promise<readonly NamedKubectl[]> {
  const own = findKubectl();
  const part = partNamed('kubectl');
  const packaged = await findPart(part);
  return [
    {name: 'the kubectl of this machine', path: own.path, reason: own.path === undefined ? own.reason : ''},
    {
      name: `kubectl ${part.version}`,
      path: packaged.kind === 'absent' ? undefined : packaged.path,
      reason: packaged.kind === 'absent' ? `${packaged.reason}; npm run testbed:install -- kubectl fetches it` : '',
    },
  ];
}
