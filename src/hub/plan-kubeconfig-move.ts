import type {Cluster} from '../api/kinds.ts';
import {LAST_APPLIED_ANNOTATION} from '../api/names.ts';
import type {KeptKubeconfig} from './member-secrets.ts';

/** Who puts it back twice within this will do so for ever (design §10): a GitOps controller. */
export const PUT_BACK_WITHIN_MS = 600_000;

/** What to do with the inline kubeconfig of a Cluster. */
export type KubeconfigMove =
  | {readonly do: 'move'; readonly movedAtMs: readonly number[]}
  /** It is left where it is; `isNews`: that has to be remembered. */
  | {readonly do: 'leave'; readonly isNews: boolean};

/**
 * The first move, and one more after it was put back, are made; put back a second time within 10 minutes it stays, until it
 * is gone from the Cluster by somebody else's hand.
 *
 * @param kept - what the Secret says of earlier moves
 */
export function planKubeconfigMove(
  kept: Pick<KeptKubeconfig, 'movedAtMs' | 'isPutBack'> | undefined,
  nowMs: number,
): KubeconfigMove {
  if (kept?.isPutBack === true) return {do: 'leave', isNews: false};
  const recent = (kept?.movedAtMs ?? []).filter((atMs) => nowMs - atMs < PUT_BACK_WITHIN_MS);
  return recent.length >= 2 ? {do: 'leave', isNews: true} : {do: 'move', movedAtMs: [...recent, nowMs]};
}

/**
 * A merge patch that takes the kubeconfig out of a Cluster, and out of the copy that kubectl keeps of what it applied. It
 * holds for exactly this version of the object: what is put in meanwhile must not be lost.
 *
 * @param raw - the object as the API server has it, with all annotations
 */
export function redactKubeconfig(raw: Cluster, ref: {readonly name: string}): object {
  const {uid, resourceVersion, annotations = {}} = raw.metadata;
  const applied = annotations[LAST_APPLIED_ANNOTATION];
  return {
    metadata: {
      uid,
      resourceVersion,
      ...(applied === undefined ? {} : {annotations: {[LAST_APPLIED_ANNOTATION]: redactApplied(applied)}}),
    },
    spec: {kubeconfig: null, kubeconfigSecretRef: ref},
  };
}

/** Null takes the annotation away: kubectl does without it, and text that can't be read can't be trusted to hold no secret. */
function redactApplied(text: string): string | null {
  try {
    const applied = JSON.parse(text) as {spec?: {kubeconfig?: unknown}};
    if (applied.spec === undefined || !('kubeconfig' in applied.spec)) return text;
    const {kubeconfig: _, ...spec} = applied.spec;
    return `${JSON.stringify({...applied, spec})}\n`;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}
