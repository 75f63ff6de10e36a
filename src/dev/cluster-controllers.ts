import type {Logger} from 'pino';
import type {InternalApi} from './apiserver/internal-api.ts';
import type {ServiceIpAllocator} from './builtin/service-ip-allocator.ts';
import {startApiServerLease} from './controllers/api-server-lease.ts';
import {startEndpointSlices} from './controllers/endpoint-slices.ts';
import {startGarbageCollector} from './controllers/garbage-collector.ts';
import {startNamespaceDefaults} from './controllers/namespace-defaults.ts';
import {startNamespaceDeletion} from './controllers/namespace-deletion.ts';
import {startPolicyTypeChecking} from './controllers/policy-type-checking.ts';
import {startPodRunner} from './controllers/pod-runner.ts';
import {startRoleAggregation} from './controllers/role-aggregation.ts';
import {startRootCaPublisher} from './controllers/root-ca-publisher.ts';

export interface ControllerOptions {
  readonly name: string;
  readonly index: number;
  readonly allocator: ServiceIpAllocator;
  readonly apiServerPort: number;
  readonly caPem: string;
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
    startApiServerLease(api, {...options, address: `127.0.0.1:${options.apiServerPort}`}),
    startNamespaceDeletion(api, options),
    startRootCaPublisher(api, options),
    startRoleAggregation(api, options),
    startPolicyTypeChecking(api, options),
    startGarbageCollector(api, options),
    startEndpointSlices(api, options),
    ...(options.runPods ? [startPodRunner(api, options)] : []),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
