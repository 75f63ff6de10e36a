/**
 * Envoy v3 resources as plain JSON, as narrow as Isthmus writes them. The field names are Envoy's own; that they exist
 * and have these types is proven against Envoy's protobuf schema in the tests.
 */
export interface TypedExtension {
  readonly name: string;
  readonly typed_config: TypedConfig;
}

/** A `google.protobuf.Any` in JSON form. */
export interface TypedConfig {
  readonly '@type': `type.googleapis.com/${string}`;
  readonly [field: string]: unknown;
}

export interface SocketAddress {
  readonly socket_address: {readonly address: string; readonly port_value: number; readonly ipv4_compat?: true};
}

export interface Listener {
  readonly name: string;
  readonly address: SocketAddress;
  readonly filter_chains: readonly {readonly filters: readonly TypedExtension[]}[];
}

export interface LocalityEndpoints {
  readonly priority: number;
  readonly locality: {readonly sub_zone: string};
  readonly load_balancing_weight: number;
  readonly lb_endpoints: readonly {readonly endpoint: {readonly address: SocketAddress}}[];
}

/** Where a cluster's addresses come from: it has them, or asks for them by name. */
export type Discovery = {readonly type: 'STATIC'} | {readonly cluster_type: TypedExtension};

export interface ClusterParts {
  readonly name: string;
  readonly connect_timeout: string;
  readonly load_assignment: {
    readonly cluster_name: string;
    readonly policy?: {readonly overprovisioning_factor: number};
    readonly endpoints: readonly LocalityEndpoints[];
  };
  readonly [field: string]: unknown;
}

export type Cluster = ClusterParts & Discovery;

export interface Bootstrap {
  readonly node: {
    readonly id: string;
    readonly cluster: string;
    readonly locality: {readonly region: string; readonly zone: string};
  };
  readonly admin: {readonly address: {readonly pipe: {readonly path: string; readonly mode: number}}};
  readonly stats_config: object;
  readonly typed_dns_resolver_config: TypedExtension;
  readonly static_resources: {readonly listeners: readonly Listener[]; readonly clusters: readonly Cluster[]};
}
