import type {View} from '../../src/clusterset/view.ts';
import {ALLOWED} from '../review.ts';
import type {ReviewHandler} from '../review.ts';
import {inject} from './inject.ts';
import type {Pod} from './pod.ts';

export interface PodHandlerOptions {
  readonly view: () => View;
  /** Isthmus' own namespace. */
  readonly namespace: string;
  readonly sidecarImage: string;
  readonly zone: string;
  readonly selectedBy: 'label' | 'monitored';
}

/** The mutating handler: it never refuses. A pod without a sidecar works through DNS and the gateway. */
export function podHandler(options: PodHandlerOptions): ReviewHandler {
  const {sidecarImage, zone, selectedBy, namespace: ownNamespace} = options;
  return (request) => {
    // `pods/*` would also bring Bindings and Evictions, and pod updates can't change containers.
    const isPod = request.kind.kind === 'Pod' && request.kind.group === '' && (request.subResource ?? '') === '';
    if (request.operation !== 'CREATE' || !isPod || request.object === null) return ALLOWED;
    const pod = request.object as Pod;
    const namespace = request.namespace ?? pod.metadata.namespace ?? '';
    const input = {view: options.view(), namespace, ownNamespace, sidecarImage, zone, selectedBy};
    const {patch, warnings} = inject(pod, input);
    return {allowed: true, patch, warnings};
  };
}
