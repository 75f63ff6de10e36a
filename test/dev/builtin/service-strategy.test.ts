import {describe, expect, test} from 'vitest';
import {ApiError} from '../../../src/dev/apiserver/api-error.ts';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {memoryCluster, namespace, service} from '../controllers/memory-cluster.ts';
import type {MemoryCluster} from '../controllers/memory-cluster.ts';

const SERVICES = {group: '', plural: 'services'};
const PORT = {name: 'http', port: 80};

function cluster(): MemoryCluster {
  const made = memoryCluster(1);
  made.api.create({group: '', plural: 'namespaces'}, namespace('bar'));
  return made;
}

function create(made: MemoryCluster, spec: JsonObject, name = 'foo'): JsonObject {
  return made.api.create(SERVICES, service(name, spec))['spec'] as JsonObject;
}

function change(made: MemoryCluster, fields: JsonObject, name = 'foo'): JsonObject {
  const live = made.api.get(SERVICES, 'bar', name) as JsonObject;
  const spec: JsonObject = {...(live['spec'] as JsonObject), ...fields};
  for (const [key, value] of Object.entries(fields)) if (value === null) delete spec[key];
  return made.api.update(SERVICES, {...live, spec})['spec'] as JsonObject;
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ApiError) return error.message;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('defaults', () => {
  test('a Service without a type is a single-stack ClusterIP with an address of the cluster', () => {
    const spec = create(cluster(), {ports: [{port: 80}]});
    expect(spec).toMatchObject({
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      ports: [{protocol: 'TCP', port: 80, targetPort: 80}],
    });
    expect(spec['clusterIP']).toMatch(/^10\.101\./);
    expect(spec['clusterIPs']).toEqual([spec['clusterIP']]);
    expect(Object.keys(spec)).not.toContain('selector');
  });

  test('a LoadBalancer gets node ports and says so', () => {
    const spec = create(cluster(), {type: 'LoadBalancer', ports: [PORT]});
    expect(spec).toMatchObject({externalTrafficPolicy: 'Cluster', allocateLoadBalancerNodePorts: true});
    expect((spec['ports'] as {nodePort: number}[])[0]?.nodePort).toBeGreaterThanOrEqual(30_000);
  });

  test('ClientIP affinity lasts three hours unless told otherwise', () => {
    const made = cluster();
    create(made, {ports: [PORT]});
    expect(change(made, {sessionAffinity: 'ClientIP'})).toMatchObject({
      sessionAffinityConfig: {clientIP: {timeoutSeconds: 10_800}},
    });
  });

  test('the status starts empty whatever is sent', () => {
    const made = cluster();
    const sent = {...service('foo', {ports: [PORT]}), status: {loadBalancer: {ingress: [{ip: '192.0.2.1'}]}}};
    expect(made.api.create(SERVICES, sent)['status']).toEqual({loadBalancer: {}});
  });
});

describe('families', () => {
  const V4 = expect.stringMatching(/^10\.101\./) as string;
  const V6 = expect.stringMatching(/^fd00:0:0:1::/) as string;
  const rows: {name: string; spec: JsonObject; families: string[]; clusterIPs: unknown[]; policy: string}[] = [
    {
      name: 'PreferDualStack takes both, IPv4 first',
      spec: {ipFamilyPolicy: 'PreferDualStack'},
      families: ['IPv4', 'IPv6'],
      clusterIPs: [V4, V6],
      policy: 'PreferDualStack',
    },
    {
      name: 'RequireDualStack keeps the order that is asked for',
      spec: {ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4']},
      families: ['IPv6', 'IPv4'],
      clusterIPs: [V6, V4],
      policy: 'RequireDualStack',
    },
    {
      name: 'one family other than the default',
      spec: {ipFamilies: ['IPv6']},
      families: ['IPv6'],
      clusterIPs: [V6],
      policy: 'SingleStack',
    },
    {
      name: 'the family follows from a given address',
      spec: {clusterIP: 'fd00:0:0:1::77'},
      families: ['IPv6'],
      clusterIPs: ['fd00:0:0:1::77'],
      policy: 'SingleStack',
    },
    {
      name: 'headless with a selector has families but no addresses',
      spec: {clusterIP: 'None', selector: {app: 'a'}, ipFamilyPolicy: 'PreferDualStack'},
      families: ['IPv4', 'IPv6'],
      clusterIPs: ['None'],
      policy: 'PreferDualStack',
    },
    {
      name: 'headless without a selector is of both families: nobody knows whose endpoints come',
      spec: {clusterIP: 'None'},
      families: ['IPv4', 'IPv6'],
      clusterIPs: ['None'],
      policy: 'RequireDualStack',
    },
  ];
  test.each(rows)('$name', ({spec, families, clusterIPs, policy}) => {
    const made = create(cluster(), {ports: [PORT], ...spec});
    expect(made).toMatchObject({ipFamilies: families, clusterIPs, ipFamilyPolicy: policy, clusterIP: clusterIPs[0]});
  });

  test('a second family can be added and given back, the first address stays', () => {
    const made = cluster();
    const single = create(made, {ports: [PORT]});
    const dual = change(made, {ipFamilyPolicy: 'RequireDualStack'});
    expect(dual['clusterIPs']).toEqual([single['clusterIP'], V6]);
    const back = change(made, {ipFamilyPolicy: 'SingleStack'});
    expect(back).toMatchObject({clusterIPs: [single['clusterIP']], ipFamilies: ['IPv4']});
    const second = (dual['clusterIPs'] as string[])[1] as string;
    expect(create(made, {ports: [PORT], clusterIP: second}, 'other')['clusterIP']).toBe(second);
  });
});

describe('refusals, in the words of a kube-apiserver', () => {
  const rows: {name: string; spec: JsonObject; message: string}[] = [
    {
      name: 'two families need a policy',
      spec: {ipFamilies: ['IPv4', 'IPv6']},
      message: `spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified`,
    },
    {
      name: 'clusterIPs without clusterIP',
      spec: {clusterIPs: ['10.101.3.3', 'fd00::1']},
      message:
        'spec.clusterIPs: Invalid value: ["10.101.3.3","fd00::1"]: must be empty when `clusterIP` is not specified',
    },
    {
      name: 'out of range',
      spec: {clusterIP: '10.5.0.1'},
      message:
        'spec.clusterIPs: Invalid value: ["10.5.0.1"]: failed to allocate IP 10.5.0.1: the provided network does not match the current range',
    },
    {
      name: 'not an address',
      spec: {clusterIP: 'abc'},
      message:
        'spec.clusterIPs[0]: Invalid value: "abc": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    },
    {name: 'no ports', spec: {ports: []}, message: 'spec.ports: Required value'},
    {
      name: 'unknown distribution',
      spec: {trafficDistribution: 'Foo'},
      message:
        'spec.trafficDistribution: Unsupported value: "Foo": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"',
    },
    {
      name: 'an ExternalName without a name',
      spec: {type: 'ExternalName'},
      message: 'spec.externalName: Required value',
    },
    {
      name: 'many errors at once, in order',
      spec: {
        type: 'Foo',
        sessionAffinity: 'X',
        internalTrafficPolicy: 'Z',
        ports: [{port: 0}, {port: 80, name: 'A_'}],
      },
      message:
        '[spec.ports[0].name: Required value, spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive, ' +
        'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive, ' +
        'spec.ports[1].name: Invalid value: "A_": a lowercase RFC 1123 label must consist of lower case alphanumeric characters ' +
        "or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is " +
        `'[a-z0-9]([-a-z0-9]*[a-z0-9])?'), spec.sessionAffinity: Unsupported value: "X": supported values: "ClientIP", "None", ` +
        'spec.type: Unsupported value: "Foo": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort", ' +
        'spec.internalTrafficPolicy: Unsupported value: "Z": supported values: "Cluster", "Local"]',
    },
  ];
  test.each(rows)('$name', ({spec, message}) => {
    const made = cluster();
    expect(refusal(() => create(made, {ports: [PORT], ...spec}))).toBe(`Service "foo" is invalid: ${message}`);
  });

  test('an address that another Service holds', () => {
    const made = cluster();
    const {clusterIP} = create(made, {ports: [PORT]});
    expect(refusal(() => create(made, {ports: [PORT], clusterIP}, 'second'))).toBe(
      `Service "second" is invalid: spec.clusterIPs: Invalid value: ["${String(clusterIP)}"]: failed to allocate IP ${String(clusterIP)}: provided IP is already allocated`,
    );
  });

  test.each([
    {name: 'to headless', fields: {clusterIP: 'None'}, shown: '["None"]'},
    {
      name: 'to another address',
      fields: {clusterIP: '10.101.9.9', clusterIPs: ['10.101.9.9']},
      shown: '["10.101.9.9"]',
    },
  ])('an address does not change: $name', ({fields, shown}) => {
    const made = cluster();
    create(made, {ports: [PORT], clusterIP: '10.101.200.1'});
    expect(refusal(() => change(made, fields))).toBe(
      `Service "foo" is invalid: spec.clusterIPs[0]: Invalid value: ${shown}: may not change once set`,
    );
  });

  test('names are labels of at most 63 characters', () => {
    const made = cluster();
    expect(refusal(() => create(made, {ports: [PORT]}, '1.a'))).toBe(
      'Service "1.a" is invalid: metadata.name: Invalid value: "1.a": must not contain dots',
    );
    expect(refusal(() => create(made, {ports: [PORT]}, 'a'.repeat(64)))).toContain(
      'must be no more than 63 characters',
    );
  });

  test('only a LoadBalancer may have an ingress', () => {
    const made = cluster();
    create(made, {ports: [PORT]});
    const live = made.api.get(SERVICES, 'bar', 'foo') as JsonObject;
    const status = {loadBalancer: {ingress: [{ip: '192.0.2.1'}]}};
    expect(refusal(() => made.api.update(SERVICES, {...live, status}, 'status'))).toBe(
      `Service "foo" is invalid: status.loadBalancer.ingress: Forbidden: may only be used when \`spec.type\` is 'LoadBalancer'`,
    );
  });
});

describe('transitions', () => {
  test('to ExternalName and back: the ports stay, the address is a new one', () => {
    const made = cluster();
    const before = create(made, {ports: [PORT]});
    const external = change(made, {type: 'ExternalName', externalName: 'a.example.org'});
    expect(Object.keys(external)).not.toContain('clusterIP');
    expect(external['ports']).toEqual(before['ports']);
    const back = change(made, {type: 'ClusterIP', externalName: null});
    expect(back['clusterIP']).toMatch(/^10\.101\./);
  });

  test('a cleared clusterIP is filled in again', () => {
    const made = cluster();
    const before = create(made, {ports: [PORT]});
    expect(change(made, {clusterIP: '', clusterIPs: null})).toEqual(before);
  });

  test('the address of a deleted Service is free', () => {
    const made = cluster();
    const {clusterIP} = create(made, {ports: [PORT]});
    made.api.delete(SERVICES, 'bar', 'foo');
    expect(create(made, {ports: [PORT], clusterIP}, 'heir')['clusterIP']).toBe(clusterIP);
  });

  test('from NodePort to ClusterIP the node ports go', () => {
    const made = cluster();
    create(made, {type: 'NodePort', ports: [PORT]});
    const spec = change(made, {type: 'ClusterIP'});
    expect(spec['ports']).toEqual([{name: 'http', protocol: 'TCP', port: 80, targetPort: 80}]);
    expect(Object.keys(spec)).not.toContain('externalTrafficPolicy');
  });
});
