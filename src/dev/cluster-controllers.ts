import type {Logger} from 'pino';
import type {InternalApi} from './apiserver/internal-api.ts';
import type {ServiceIpAllocator} from './builtin/service-ip-allocator.ts';
import {startEndpointSlices} from './controllers/endpoint-slices.ts';
import {startGarbageCollector} from './controllers/garbage-collector.ts';
import {startNamespaceDefaults} from './controllers/namespace-defaults.ts';
import {startNamespaceDeletion} from './controllers/namespace-deletion.ts';
import {startPodRunner} from './controllers/pod-runner.ts';

export interface ControllerOptions {
  readonly index: number;
  readonly allocator: ServiceIpAllocator;
  readonly apiServerPort: number;
  readonly gitVersion: string;
  readonly runPods: boolean;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

/**
 * The controllers that a cluster has besides its API server. What every cluster has from the start is there when this returns.
 *
 * @returns stops all of them
 */
export function startControllers(api: InternalApi, options: ControllerOptions): () => void {
  const stops = [
    startNamespaceDefaults(api, options),
    startNamespaceDeletion(api, options),
    startGarbageCollector(api, options),
    startEndpointSlices(api, options),
    ...(options.runPods ? [startPodRunner(api, options)] : []),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
