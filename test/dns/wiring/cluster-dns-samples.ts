import type {
  ClusterDnsObjects,
  ConfigMap,
  DnsOperator,
  HelmChartConfig,
} from '../../../dns/wiring/cluster-dns-objects.ts';
import type {Layout} from '../../../dns/wiring/wiring-plan.ts';

/** Configurations of DNS as clusters have them, written after what each of them ships. */

export const KUBEADM = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}
`;

/** kind: the same, and no newline at its end where somebody has edited it. */
export const KIND = KUBEADM.replace('ttl 30', 'ttl 30 # seconds').trimEnd();

export const K3S = `.:53 {
    errors
    health
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
      pods insecure
      fallthrough in-addr.arpa ip6.arpa
    }
    hosts /etc/coredns/NodeHosts {
      ttl 60
      reload 15s
      fallthrough
    }
    prometheus :9153
    cache 30
    loop
    reload
    loadbalance
    import /etc/coredns/custom/*.override
    forward . /etc/resolv.conf
}
import /etc/coredns/custom/*.server
`;

export const AKS = `.:53 {
    errors
    ready
    health {
      lameduck 5s
    }
    kubernetes cluster.local in-addr.arpa ip6.arpa {
      pods insecure
      fallthrough in-addr.arpa ip6.arpa
      ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf
    cache 30
    loop
    loadbalance
    import custom/*.override
    template ANY ANY internal.cloudapp.net {
      match "^(?:[^.]+\\.){4,}internal\\.cloudapp\\.net\\.$"
      rcode NXDOMAIN
      fallthrough
    }
    reload
}
import custom/*.server
`;

/** Gardener: not as root, so on a high port. */
export const GARDENER = AKS.replace('.:53 {', '.:8053 {');

export const EKS = `.:53 {
    errors
    health {
        lameduck 5s
      }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
      pods insecure
      fallthrough in-addr.arpa ip6.arpa
    }
    prometheus :9153
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
}`;

/** Somebody else's stub zones, a snippet, comments, quotes, another transport, and no reload. */
export const GROWN = `# Owned by the platform team. Ask before changing { anything }.
(logging) {
    errors
    log . "{remote} {type} {name}" {
        class denial error
    }
}

corp.example.org:53 corp.example.net {
    import logging
    cache 30
    forward . 192.0.2.53 192.0.2.54 {
        policy sequential
        health_check 5s
    }
}
tls://.:853 {
    tls /etc/coredns/tls.crt /etc/coredns/tls.key
    forward . 127.0.0.1
}
.:53 {
    import logging
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods verified
    }
    rewrite name regex (.*)\\.old\\.example\\.org {1}.corp.example.org answer auto
    forward . tls://192.0.2.1 {
        tls_servername dns.example.org
    }
}
`;

const localBlock = (zone: string, forward: string, more = ''): string => `${zone}:53 {
    errors
    cache 30
    reload
    loop
    bind 169.254.20.10 10.96.0.10
    forward . ${forward}
    prometheus :9253
${more}}
`;

const BY_TCP = '__PILLAR__CLUSTER__DNS__ {\n            force_tcp\n    }';

export const NODE_LOCAL_DNS = [
  localBlock('cluster.local', BY_TCP, '    health 169.254.20.10:8080\n'),
  localBlock('in-addr.arpa', BY_TCP),
  localBlock('ip6.arpa', BY_TCP),
  localBlock('.', '__PILLAR__UPSTREAM__SERVERS__'),
].join('');

export function configMap(name: string, data: Readonly<Record<string, string>> | undefined): ConfigMap {
  const metadata = {name, namespace: 'kube-system', resourceVersion: '7', uid: `uid-of-${name}`};
  return {apiVersion: 'v1', kind: 'ConfigMap', metadata, ...(data === undefined ? {} : {data})};
}

export function seen(
  maps: Readonly<Record<string, Readonly<Record<string, string>> | undefined>>,
  more: Partial<ClusterDnsObjects> = {},
): ClusterDnsObjects {
  const configMaps = new Map(Object.entries(maps).map(([name, data]) => [name, configMap(name, data)]));
  return {configMaps, servesChartConfigs: false, ...more};
}

export const chartConfig = (valuesContent: string | undefined): HelmChartConfig => ({
  ...{apiVersion: 'helm.cattle.io/v1', kind: 'HelmChartConfig'},
  metadata: {name: 'rke2-coredns', namespace: 'kube-system', resourceVersion: '7'},
  ...(valuesContent === undefined ? {spec: {}} : {spec: {valuesContent}}),
});

export const dnsOperator = (servers: readonly object[] | undefined): DnsOperator => ({
  ...{apiVersion: 'operator.openshift.io/v1', kind: 'DNS'},
  metadata: {name: 'default', resourceVersion: '7'},
  spec: {...{cache: {}, logLevel: 'Normal'}, ...(servers === undefined ? {} : {servers})},
});

const RKE2_VALUES = `# Ours.
autoscaler:
  enabled: false
servers:
  - zones:
      - zone: .
    port: 53
    plugins:
      - name: errors
      - name: forward
        parameters: . /etc/resolv.conf
resolver: {}
`;

export interface Sample {
  readonly name: string;
  readonly objects: ClusterDnsObjects;
  readonly layouts: readonly Layout[];
}

const rke2 = {'rke2-coredns-rke2-coredns': {Corefile: KUBEADM}};

export const SAMPLES: readonly Sample[] = [
  {name: 'kubeadm', objects: seen({coredns: {Corefile: KUBEADM}}), layouts: ['CoreDNS']},
  {name: 'kind, without a newline at the end', objects: seen({coredns: {Corefile: KIND}}), layouts: ['CoreDNS']},
  {name: 'EKS', objects: seen({coredns: {Corefile: EKS}}), layouts: ['CoreDNS']},
  {name: 'with CRLF', objects: seen({coredns: {Corefile: KUBEADM.replaceAll('\n', '\r\n')}}), layouts: ['CoreDNS']},
  {name: 'a grown Corefile', objects: seen({coredns: {Corefile: GROWN}}), layouts: ['CoreDNS']},
  {
    name: 'an old kube-dns ConfigMap beside CoreDNS',
    objects: seen({'coredns': {Corefile: KUBEADM}, 'kube-dns': {}}),
    layouts: ['CoreDNS'],
  },
  {
    name: 'K3s, which has no coredns-custom at first',
    objects: seen({coredns: {Corefile: K3S}}),
    layouts: ['CoreDNS with coredns-custom'],
  },
  {
    name: "K3s with somebody's coredns-custom",
    objects: seen({
      'coredns': {Corefile: K3S},
      'coredns-custom': {'corp.server': 'corp.example.org:53 {\n  forward . 192.0.2.1\n}\n', 'log.override': 'log\n'},
    }),
    layouts: ['CoreDNS with coredns-custom'],
  },
  {
    name: 'AKS',
    objects: seen({'coredns': {Corefile: AKS}, 'coredns-custom': undefined}),
    layouts: ['CoreDNS with coredns-custom'],
  },
  {
    name: 'Gardener',
    objects: seen({
      'coredns': {Corefile: GARDENER},
      'coredns-custom': {'changeme.server': '# see the docs', 'changeme.override': '# see the docs'},
    }),
    layouts: ['CoreDNS with coredns-custom'],
  },
  {name: 'GKE, kube-dns without stub domains', objects: seen({'kube-dns': undefined}), layouts: ['kube-dns']},
  {
    name: 'GKE, kube-dns with stub domains, and its NodeLocal DNSCache',
    objects: seen({
      'kube-dns': {
        stubDomains: '{ "corp.example.org" : [ "192.0.2.1", "192.0.2.2" ] }\n',
        upstreamNameservers: '["192.0.2.3"]',
      },
      'node-local-dns': {Corefile: NODE_LOCAL_DNS},
    }),
    layouts: ['kube-dns'],
  },
  {
    name: 'kube-dns with no stub domain in the map',
    objects: seen({'kube-dns': {stubDomains: '{\n}\n'}}),
    layouts: ['kube-dns'],
  },
  {
    name: 'NodeLocal DNSCache before CoreDNS',
    objects: seen({'coredns': {Corefile: KUBEADM}, 'node-local-dns': {Corefile: NODE_LOCAL_DNS}}),
    layouts: ['CoreDNS', 'NodeLocal DNSCache'],
  },
  {
    name: 'kubespray',
    objects: seen({coredns: {Corefile: KUBEADM}, nodelocaldns: {Corefile: NODE_LOCAL_DNS}}),
    layouts: ['CoreDNS', 'NodeLocal DNSCache'],
  },
  {
    name: 'RKE2 without values',
    objects: seen(rke2, {servesChartConfigs: true}),
    layouts: ['CoreDNS by the RKE2 chart'],
  },
  {
    name: 'RKE2 with values that have no servers',
    objects: seen(rke2, {servesChartConfigs: true, chartConfig: chartConfig('---\nautoscaler:\n  enabled: false')}),
    layouts: ['CoreDNS by the RKE2 chart'],
  },
  {
    name: 'RKE2 with values that have servers',
    objects: seen(rke2, {servesChartConfigs: true, chartConfig: chartConfig(RKE2_VALUES)}),
    layouts: ['CoreDNS by the RKE2 chart'],
  },
  {name: 'OpenShift', objects: seen({}, {operator: dnsOperator(undefined)}), layouts: ['OpenShift DNS operator']},
  {
    name: 'OpenShift with servers',
    objects: seen(
      {},
      {operator: dnsOperator([{name: 'corp', zones: ['corp.example.org'], forwardPlugin: {upstreams: ['192.0.2.1']}}])},
    ),
    layouts: ['OpenShift DNS operator'],
  },
];
