import fc from 'fast-check';
import {parse} from 'yaml';
import {describe, expect, test} from 'vitest';

import type {ClusterDnsObjects} from '../../../dns/wiring/cluster-dns-objects.ts';
import {parseCorefile} from '../../../dns/wiring/corefile.ts';
import {planUnwiring, planWiring, shownEdit} from '../../../dns/wiring/wiring-plan.ts';
import type {Place} from '../../../dns/wiring/wiring-plan.ts';
import {afterEdits} from './after-edits.ts';
import {
  AKS,
  GROWN,
  K3S,
  KUBEADM,
  NODE_LOCAL_DNS,
  SAMPLES,
  chartConfig,
  dnsOperator,
  seen,
} from './cluster-dns-samples.ts';

const TARGET = {zone: 'clusterset.local', address: '10.96.7.7'};
const MOVED = {...TARGET, address: '10.96.8.8:1053'};

function wired(objects: ClusterDnsObjects, target = TARGET): ClusterDnsObjects {
  return afterEdits(objects, editsOf(planWiring(objects, target)));
}

function unwired(objects: ClusterDnsObjects, target: typeof TARGET | undefined = TARGET): ClusterDnsObjects {
  return afterEdits(objects, planUnwiring(objects, TARGET.zone, target));
}

function editsOf(places: readonly Place[]): NonNullable<Place['edit']>[] {
  return places.flatMap(({edit}) => (edit === undefined ? [] : [edit]));
}

/** What users see of it: an object that is empty and one that is not there are the same here (writeEdit deletes what it made). */
function content(objects: ClusterDnsObjects): object {
  const full = [...objects.configMaps].filter(([, {data}]) => Object.keys(data ?? {}).length > 0);
  return {
    maps: Object.fromEntries(full.map(([name, {data, metadata}]) => [name, [data, metadata.annotations]])),
    values: objects.chartConfig?.spec?.valuesContent,
    operator: objects.operator?.spec,
  };
}

const states = (objects: ClusterDnsObjects, target = TARGET): readonly string[] =>
  planWiring(objects, target).map(({state}) => state);
const refusals = (objects: ClusterDnsObjects): string =>
  planWiring(objects, TARGET)
    .flatMap(({because}) => because ?? [])
    .join('; ');

describe.each(SAMPLES)('$name', ({objects, layouts}) => {
  test('is recognised, and not wired at first', () => {
    expect(planWiring(objects, TARGET).map(({layout}) => layout)).toEqual(layouts);
    expect(new Set(states(objects))).toEqual(new Set(['NotWired']));
  });

  test('wired once it is wired, and a second time changes nothing', () => {
    const once = wired(objects);
    expect(new Set(states(once))).toEqual(new Set(['Wired']));
    expect(editsOf(planWiring(once, TARGET))).toEqual([]);
  });

  test('undone it is what it was, to the octet, without and with knowing the address', () => {
    expect(content(unwired(wired(objects)))).toEqual(content(objects));
    expect(content(unwired(wired(objects), undefined))).toEqual(content(objects));
  });

  test('an address that Isthmus has no more is replaced, and undone just the same', () => {
    const once = wired(objects);
    expect(states(once, MOVED)).toContain('NotWired');
    const moved = wired(once, MOVED);
    expect(JSON.stringify(content(moved))).not.toContain(TARGET.address);
    expect(new Set(states(moved, MOVED))).toEqual(new Set(['Wired']));
    expect(content(unwired(moved, MOVED))).toEqual(content(objects));
  });

  test('where nothing is of Isthmus, undoing changes nothing', () => {
    expect(planUnwiring(objects, TARGET.zone, TARGET)).toEqual([]);
  });
});

describe('what is written', () => {
  const corefileOf = (text: string): string =>
    wired(seen({coredns: {Corefile: text}})).configMaps.get('coredns')?.data?.['Corefile'] ?? '';

  test('CoreDNS: a server block before all others, on the port of the root', () => {
    expect(corefileOf(KUBEADM))
      .toBe(`# isthmus-dns begin: written by "isthmus dns wire", removed by "isthmus dns wire --undo"
clusterset.local:53 {
    errors
    cache 30
    forward . 10.96.7.7
}
# isthmus-dns end
${KUBEADM}`);
  });

  test('a root on another port, or on two addresses, is followed', () => {
    expect(corefileOf('dns://.:1053 {\n}')).toContain('\nclusterset.local:1053 {\n');
    expect(corefileOf('. {\n}')).toContain('\nclusterset.local {\n');
    const two = corefileOf('.:53 {\n  bind 192.0.2.1\n}\n.:53 {\n  bind 192.0.2.2 192.0.2.3\n}\n');
    expect(two.match(/^clusterset\.local:53 \{\n {4}bind .*$/gm)).toHaveLength(2);
  });

  test('NodeLocal DNSCache: bound where it is bound, by TCP where it asks by TCP, straight to Isthmus', () => {
    const all = wired(seen({'coredns': {Corefile: KUBEADM}, 'node-local-dns': {Corefile: NODE_LOCAL_DNS}}));
    expect(all.configMaps.get('node-local-dns')?.data?.['Corefile']).toContain(`clusterset.local:53 {
    bind 169.254.20.10 10.96.0.10
    errors
    cache 30
    forward . 10.96.7.7 {
        force_tcp
    }
}
`);
  });

  test('AKS and K3s: a key of its own in coredns-custom, on the port of the main Corefile', () => {
    const data = wired(seen({coredns: {Corefile: AKS.replace('.:53', '.:8053')}})).configMaps.get(
      'coredns-custom',
    )?.data;
    expect(Object.keys(data ?? {})).toEqual(['isthmus.server']);
    expect(data?.['isthmus.server']).toContain('clusterset.local:8053 {');
  });

  test('kube-dns: a stub domain before the others', () => {
    const data = wired(seen({'kube-dns': {stubDomains: '{"a.example": ["192.0.2.1"]}'}})).configMaps.get(
      'kube-dns',
    )?.data;
    expect(data?.['stubDomains']).toBe('{"clusterset.local": ["10.96.7.7"], "a.example": ["192.0.2.1"]}');
  });

  test('OpenShift: a server of the operator', () => {
    expect(wired(seen({}, {operator: dnsOperator(undefined)})).operator?.spec).toMatchObject({
      logLevel: 'Normal',
      servers: [{name: 'isthmus-dns', zones: ['clusterset.local'], forwardPlugin: {upstreams: ['10.96.7.7']}}],
    });
  });

  test('OpenShift: defaults that the API server adds to ours are no difference', () => {
    const once = wired(seen({}, {operator: dnsOperator(undefined)}));
    const [ours] = once.operator?.spec?.servers ?? [];
    const defaulted = {
      ...ours,
      forwardPlugin: {...(ours as {forwardPlugin?: object}).forwardPlugin, protocolStrategy: ''},
    };
    expect(states(seen({}, {operator: dnsOperator([defaulted])}))).toEqual(['Wired']);
  });

  test('RKE2 without servers in the values: what runs now is written down with it, since a list replaces the one of the chart', () => {
    const objects = seen({'rke2-coredns-rke2-coredns': {Corefile: KUBEADM}}, {servesChartConfigs: true});
    const values = parse(wired(objects).chartConfig?.spec?.valuesContent ?? '') as {
      servers: {zones: object[]; plugins: {name: string}[]}[];
    };
    expect(values.servers.map(({zones}) => zones)).toEqual([[{zone: 'clusterset.local'}], [{zone: '.'}]]);
    expect(values.servers[1]).toMatchObject({
      port: 53,
      plugins: [
        {name: 'errors'},
        {name: 'health', configBlock: 'lameduck 5s'},
        {name: 'ready'},
        {
          name: 'kubernetes',
          parameters: 'cluster.local in-addr.arpa ip6.arpa',
          configBlock: 'pods insecure\nfallthrough in-addr.arpa ip6.arpa\nttl 30',
        },
        {name: 'prometheus', parameters: ':9153'},
        {name: 'forward', parameters: '. /etc/resolv.conf', configBlock: 'max_concurrent 1000'},
        {name: 'cache', parameters: '30'},
        {name: 'loop'},
        {name: 'reload'},
        {name: 'loadbalance'},
      ],
    });
  });

  test('RKE2 once the chart has written our server into the Corefile: that is no claim of somebody else', () => {
    const objects = wired(seen({'rke2-coredns-rke2-coredns': {Corefile: KUBEADM}}, {servesChartConfigs: true}));
    const made = `clusterset.local:53 {\n    errors\n    cache 30\n    forward . 10.96.7.7\n}\n${KUBEADM}`;
    const rendered = seen(
      {'rke2-coredns-rke2-coredns': {Corefile: made}},
      {...(objects.chartConfig && {chartConfig: objects.chartConfig}), servesChartConfigs: true},
    );
    expect(states(rendered)).toEqual(['Wired']);
    expect(states(wired(rendered, MOVED), MOVED)).toEqual(['Wired']);
  });
});

describe('somebody else is not overwritten', () => {
  const block = (label: string): string => `${label} {\n    forward . 192.0.2.9\n}\n`;

  test.each([
    {
      name: 'a server block for the zone',
      corefile: KUBEADM + block('clusterset.local:53'),
      says: 'line 24, "clusterset.local:53", is about clusterset.local already: remove it',
    },
    {
      name: 'one in other letters, with a dot and a transport',
      corefile: block('dns://ClusterSet.Local.') + KUBEADM,
      says: 'line 1, "dns://ClusterSet.Local."',
    },
    {
      name: 'one among several labels, over two lines',
      corefile: block('a.example,\nclusterset.local') + KUBEADM,
      says: 'line 1, "a.example clusterset.local"',
    },
    {
      name: 'one for names below it',
      corefile: block('svc.clusterset.local:53') + KUBEADM,
      says: '"svc.clusterset.local:53"',
    },
    {
      name: 'the kubernetes plugin with the zone',
      corefile: KUBEADM.replace('kubernetes cluster.local', 'kubernetes cluster.local clusterset.local'),
      says: 'line 7, "kubernetes cluster.local clusterset.local in-addr.arpa ip6.arpa"',
    },
    {
      name: 'lighthouse',
      corefile: KUBEADM.replace('loop', 'lighthouse clusterset.local'),
      says: 'lighthouse clusterset.local',
    },
    {
      name: 'a rewrite by a regular expression',
      corefile: KUBEADM.replace('loop', 'rewrite name regex (.*)\\.svc\\.clusterset\\.local$ {1}.svc.cluster.local'),
      says: 'rewrite name regex',
    },
    {
      name: 'a plugin in a snippet',
      corefile: `(stub) {\n  forward clusterset.local 192.0.2.1\n}\n${KUBEADM}`,
      says: 'line 2',
    },
    {
      name: 'a block that is not closed',
      corefile: KUBEADM.trimEnd().slice(0, -1),
      says: "it can't be read: line 1: the block of .:53 is not closed",
    },
    {
      name: 'a server block without braces',
      corefile: '.:53\nerrors\nforward . 192.0.2.1\n',
      says: 'line 1: the server block of .:53 has no braces',
    },
    {name: 'a brace too many', corefile: `${KUBEADM}}\n`, says: 'line 24: unexpected }'},
    {
      name: 'a beginning of ours without an end',
      corefile: `# isthmus-dns begin\n${KUBEADM}`,
      says: 'has no line "# isthmus-dns end" behind it',
    },
    {name: 'a byte order mark', corefile: `\uFEFF${KUBEADM}`, says: 'byte order mark'},
  ])('a Corefile with $name', ({corefile, says}) => {
    const objects = seen({coredns: {Corefile: corefile}});
    expect(refusals(objects)).toContain(`ConfigMap kube-system/coredns data.Corefile: `);
    expect(refusals(objects)).toContain(says);
    expect(editsOf(planWiring(objects, TARGET))).toEqual([]);
    expect(planUnwiring(objects, TARGET.zone, TARGET)).toEqual([]);
  });

  test.each([
    {
      name: 'a key of that name',
      data: {'isthmus.server': block('x.example')},
      says: 'its key isthmus.server is not ours: rename it',
    },
    {
      name: 'the zone in another key',
      data: {'other.server': block('clusterset.local:53')},
      says: 'its key other.server, line 1',
    },
    {
      name: 'the zone in an override',
      data: {'a.override': 'errors\ntemplate IN A clusterset.local {\n}\n'},
      says: 'its key a.override is about clusterset.local',
    },
    {
      name: 'a key that does not load',
      data: {'a.server': 'x.example {'},
      says: "its key a.server can't be read: line 1",
    },
  ])('coredns-custom with $name', ({data, says}) => {
    expect(refusals(seen({'coredns': {Corefile: K3S}, 'coredns-custom': data}))).toContain(says);
  });

  test.each([
    {name: 'the zone', text: '{"clusterset.local": ["192.0.2.1"]}', says: 'stubDomains has "clusterset.local" already'},
    {name: 'no JSON', text: '{“a”: []}', says: 'not a JSON object'},
    {name: 'a list', text: '[]', says: 'not a JSON object'},
  ])('stub domains with $name', ({text, says}) => {
    expect(refusals(seen({'kube-dns': {stubDomains: text}}))).toContain(says);
  });

  test('a server of the DNS operator', () => {
    const operator = dnsOperator([
      {name: 'lighthouse', zones: ['clusterset.local'], forwardPlugin: {upstreams: ['192.0.2.1']}},
    ]);
    expect(refusals(seen({}, {operator}))).toContain('server "lighthouse" is for clusterset.local already');
  });

  test.each([
    {
      name: 'the zone',
      values: 'servers:\n- zones:\n  - zone: clusterset.local\n  port: 53\n',
      says: '`servers` has the zone clusterset.local already',
    },
    {name: 'servers in flow style', values: 'servers: [{port: 53}]\n', says: 'not a block list'},
    {name: 'no YAML', values: 'a: b: c\n', says: 'not YAML'},
    {name: 'a flow mapping', values: '{autoscaler: {}}\n', says: 'not a block mapping'},
  ])('values of the chart with $name', ({values, says}) => {
    const objects = seen(
      {'rke2-coredns-rke2-coredns': {Corefile: KUBEADM}},
      {servesChartConfigs: true, chartConfig: chartConfig(values)},
    );
    expect(refusals(objects)).toContain(says);
  });

  test("names that only look alike are nobody's claim", () => {
    const corefile = `${block('notclusterset.local:53')}${block('local:53')}${block('clusterset.local.example:53')}${KUBEADM}`;
    expect(states(seen({coredns: {Corefile: corefile}}))).toEqual(['NotWired']);
  });

  test('where one of two places is refused, the other is still shown for what it is', () => {
    const objects = seen({
      'coredns': {Corefile: KUBEADM},
      'node-local-dns': {Corefile: block('clusterset.local:53') + NODE_LOCAL_DNS},
    });
    expect(states(objects)).toEqual(['NotWired', 'Refused']);
  });
});

describe('what becomes of it later', () => {
  test('a tool that leaves comments out leaves ours wired, and it can still be undone', () => {
    const once = wired(seen({coredns: {Corefile: KUBEADM}})).configMaps.get('coredns')?.data?.['Corefile'] ?? '';
    const bare = once.replaceAll(/^#.*\n/gm, '');
    expect(bare).not.toBe(once);
    const objects = seen({coredns: {Corefile: bare}});
    expect(states(objects)).toEqual(['Wired']);
    expect(unwired(objects).configMaps.get('coredns')?.data?.['Corefile']).toBe(KUBEADM);
    // To an address that is not Isthmus' it may be anybody's.
    expect(states(objects, MOVED)).toEqual(['Refused']);
  });

  test('overwritten by its owner it is not wired any more', () => {
    const once = wired(seen({coredns: {Corefile: KUBEADM}}));
    expect(states(once)).toEqual(['Wired']);
    expect(states(seen({coredns: {Corefile: KUBEADM}}))).toEqual(['NotWired']);
  });

  test('what others write beside ours stays when ours goes', () => {
    const once = wired(seen({coredns: {Corefile: KUBEADM}})).configMaps.get('coredns')?.data?.['Corefile'] ?? '';
    const added = `# first\n${once}new.example:53 {\n}\n`;
    const objects = seen({coredns: {Corefile: added}});
    expect(states(objects)).toEqual(['Wired']);
    expect(unwired(objects).configMaps.get('coredns')?.data?.['Corefile']).toBe(
      `# first\n${KUBEADM}new.example:53 {\n}\n`,
    );
  });

  test('a block that somebody adds below ours is refused by its own line', () => {
    const once = wired(seen({coredns: {Corefile: KUBEADM}})).configMaps.get('coredns')?.data?.['Corefile'] ?? '';
    expect(refusals(seen({coredns: {Corefile: `${once}clusterset.local:53 {\n}\n`}}))).toContain(
      'line 31, "clusterset.local:53"',
    );
  });

  test('stub domains that others add stay when ours goes', () => {
    const once = wired(seen({'kube-dns': undefined}));
    const map = once.configMaps.get('kube-dns');
    const stubDomains = '{"clusterset.local": ["10.96.7.7"], "new.example": ["192.0.2.1"]}';
    const objects = {
      ...once,
      configMaps: new Map(map === undefined ? [] : [['kube-dns', {...map, data: {stubDomains}}]]),
    };
    expect(states(objects)).toEqual(['Wired']);
    expect(JSON.parse(unwired(objects).configMaps.get('kube-dns')?.data?.['stubDomains'] ?? '')).toEqual({
      'new.example': ['192.0.2.1'],
    });
  });

  describe('an entry that somebody has changed by hand is not ours any more', () => {
    const noted = wired(seen({'kube-dns': {stubDomains: '{"a.example": ["192.0.2.1"]}'}})).configMaps.get('kube-dns');
    const changed = (stubDomains: string | undefined): ClusterDnsObjects => ({
      ...seen({}),
      configMaps: new Map(
        noted === undefined ? [] : [['kube-dns', {...noted, data: stubDomains === undefined ? {} : {stubDomains}}]],
      ),
    });
    const noteOf = (objects: ClusterDnsObjects): unknown => objects.configMaps.get('kube-dns')?.metadata.annotations;

    test('stub domains: refused, and left when ours goes', () => {
      const byHand = '{"clusterset.local": ["192.0.2.9"], "a.example": ["192.0.2.1"]}';
      for (const target of [TARGET, MOVED]) expect(states(changed(byHand), target)).toEqual(['Refused']);
      const after = unwired(changed(byHand));
      expect(after.configMaps.get('kube-dns')?.data).toEqual({stubDomains: byHand});
      expect(noteOf(after)).toBeUndefined();
    });

    test('stub domains: where ours is gone, undoing takes the note away, which would make a later one ours', () => {
      for (const left of ['{"a.example": ["192.0.2.1"]}', undefined]) {
        const [edit, ...more] = planUnwiring(changed(left), TARGET.zone, TARGET);
        expect(more).toEqual([]);
        expect(edit && shownEdit(edit)).toBe('ConfigMap kube-system/kube-dns annotation isthmus.dev/dns-wiring');
        const after = unwired(changed(left));
        expect(after.configMaps.get('kube-dns')?.data?.['stubDomains']).toBe(left);
        expect(noteOf(after)).toBeUndefined();
        expect(planUnwiring(after, TARGET.zone, TARGET)).toEqual([]);
      }
    });

    test('stub domains: a note about another zone is left to that one', () => {
      const objects = changed(noted?.data?.['stubDomains']);
      expect(planUnwiring(objects, 'other.example', undefined)).toEqual([]);
    });

    test('coredns-custom: what stands beside ours under our key stays', () => {
      const once = wired(seen({coredns: {Corefile: K3S}})).configMaps.get('coredns-custom')?.data ?? {};
      const more = `${once['isthmus.server']}new.example:53 {\n    errors\n}\n`;
      const objects = seen({'coredns': {Corefile: K3S}, 'coredns-custom': {'isthmus.server': more}});
      expect(states(objects)).toEqual(['Wired']);
      const keyOf = (of: ClusterDnsObjects): string =>
        of.configMaps.get('coredns-custom')?.data?.['isthmus.server'] ?? '';
      expect(keyOf(wired(objects, MOVED))).toContain('new.example:53 {');
      expect(keyOf(unwired(objects))).toBe('new.example:53 {\n    errors\n}\n');
      const taken = `${once['isthmus.server']}clusterset.local:53 {\n}\n`;
      const both = seen({'coredns': {Corefile: K3S}, 'coredns-custom': {'isthmus.server': taken}});
      expect(refusals(both)).toContain('its key isthmus.server, line 8');
    });

    test('a server of the DNS operator with our name and other zones', () => {
      const ours = {name: 'isthmus-dns', zones: ['clusterset.local', 'new.example'], forwardPlugin: {upstreams: ['x']}};
      const objects = seen({}, {operator: dnsOperator([ours])});
      expect(refusals(objects)).toContain('server "isthmus-dns" is for clusterset.local, new.example');
      expect(planUnwiring(objects, TARGET.zone, TARGET)).toEqual([]);
    });
  });

  test('a Corefile that was edited stays the place, also where coredns-custom is imported', () => {
    const corefile = wired(seen({coredns: {Corefile: KUBEADM}})).configMaps.get('coredns')?.data?.['Corefile'] ?? '';
    const objects = seen({coredns: {Corefile: `${corefile}import custom/*.server\n`}});
    expect(planWiring(objects, TARGET).map(({layout, state}) => `${layout}: ${state}`)).toEqual(['CoreDNS: Wired']);
  });
});

describe('restart', () => {
  test.each([
    {name: 'a Corefile with reload', objects: seen({coredns: {Corefile: KUBEADM}}), restart: [undefined]},
    {name: 'a Corefile without', objects: seen({coredns: {Corefile: GROWN}}), restart: ['Deployment/coredns']},
    {
      name: 'coredns-custom of one without',
      objects: seen({coredns: {Corefile: K3S.replace('    reload\n', '')}}),
      restart: ['Deployment/coredns'],
    },
    {
      name: 'a node cache without',
      objects: seen({
        'coredns': {Corefile: KUBEADM},
        'node-local-dns': {Corefile: NODE_LOCAL_DNS.replaceAll('    reload\n', '')},
      }),
      restart: [undefined, 'DaemonSet/node-local-dns'],
    },
  ])('$name', ({objects, restart}) => {
    expect(planWiring(objects, TARGET).map((place) => place.restart)).toEqual(restart);
  });
});

test('a cluster with nothing that is known has no place', () => {
  expect(planWiring(seen({}), TARGET)).toEqual([]);
});

describe('any Corefile', () => {
  const word = fc.stringMatching(/^[a-z0-9./:_-]{1,12}$/).filter((text) => text !== 'import');
  const space = fc.constantFrom(' ', '  ', '\t');
  const comment = fc.constantFrom('', ' # a comment { with " braces', '   ');
  const newline = fc.constantFrom('\n', '\r\n', '\n\n');
  const line = fc
    .tuple(space, word, fc.array(word, {maxLength: 3}), comment, newline)
    .map(([indent, name, args, rest, end]) => `${indent}${[name, ...args].join(' ')}${rest}${end}`);
  const nested = fc
    .tuple(word, fc.array(line, {maxLength: 3}), newline)
    .map(([name, lines, end]) => `  ${name} "a \\" { quote" {${end}${lines.join('')}  }${end}`);
  const server = fc
    .tuple(word, fc.constantFrom('', ':53', ':1053'), fc.array(fc.oneof(line, nested), {maxLength: 4}), newline)
    .map(([zone, port, lines, end]) => `${zone}${port} {${end}${lines.join('')}}${end}`);
  const loose = fc.constantFrom('# between\n', '\n', 'import more/*.conf\n', '');
  const corefile = fc
    .array(
      fc.tuple(loose, server).map((parts) => parts.join('')),
      {maxLength: 5},
    )
    .map((parts) => parts.join(''))
    .chain((text) => fc.constantFrom(text, text.trimEnd()));

  test('is read, wired once as twice, and undone to the octet', () => {
    fc.assert(
      fc.property(corefile, (text) => {
        const objects = seen({coredns: {Corefile: text}});
        expect(parseCorefile(text)).toMatchObject({ok: true});
        expect(states(objects)).toEqual(['NotWired']);
        const once = wired(objects);
        expect(states(once)).toEqual(['Wired']);
        expect(content(unwired(once))).toEqual(content(objects));
        expect(content(unwired(once, undefined))).toEqual(content(objects));
      }),
      {numRuns: 1_000},
    );
  });

  test('and any other text is refused or wired, and never broken by undoing', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            '{',
            '}',
            '"',
            '\\',
            '#',
            '\n',
            ' ',
            '.',
            ':53',
            'import',
            'clusterset.local',
            '# isthmus-dns end\n',
            'a',
          ),
        }),
        (text) => {
          const objects = seen({coredns: {Corefile: text}});
          const [place] = planWiring(objects, TARGET);
          if (place?.state === 'NotWired') expect(content(unwired(wired(objects)))).toEqual(content(objects));
          else if (place?.state === 'Refused') expect(planUnwiring(objects, TARGET.zone, TARGET)).toEqual([]);
        },
      ),
      {numRuns: 2_000},
    );
  });

  const json = fc
    .dictionary(word, fc.array(word, {maxLength: 2}), {maxKeys: 3})
    .chain((map) =>
      fc.constantFrom(JSON.stringify(map), JSON.stringify(map, null, 2), ` \n${JSON.stringify(map, null, '\t')}\n`),
    );

  test('any stub domains are wired and undone to the octet', () => {
    fc.assert(
      fc.property(json, (stubDomains) => {
        const objects = seen({'kube-dns': {stubDomains}});
        const once = wired(objects);
        expect(states(once)).toEqual(['Wired']);
        expect(JSON.parse(once.configMaps.get('kube-dns')?.data?.['stubDomains'] ?? '')).toEqual({
          ...(JSON.parse(stubDomains) as object),
          'clusterset.local': ['10.96.7.7'],
        });
        expect(content(unwired(once))).toEqual(content(objects));
      }),
      {numRuns: 300},
    );
  });
});
