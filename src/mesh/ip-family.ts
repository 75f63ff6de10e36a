import type {View} from '../clusterset/view.ts';

const answers = new WeakMap<View, boolean>();

/**
 * True where IPv6 is the first family of this cluster's Services, and so of its pods: told by the addresses of the
 * derived Services, because the view holds nothing nearer. Kubelets probe the first family's address only.
 */
export function isIPv6First(view: View): boolean {
  const known = answers.get(view);
  if (known !== undefined) return known;
  const answer = firstAddress(view)?.includes(':') ?? false;
  answers.set(view, answer);
  return answer;
}

function firstAddress(view: View): string | undefined {
  for (const {ips} of view.imports.values()) if (ips[0] !== undefined) return ips[0];
  return undefined;
}
