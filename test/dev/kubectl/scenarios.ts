import type {Scenario, Step} from './scenario.ts';

const config = (name: string, a: string, metadata = ''): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}${metadata}}\ndata: {a: "${a}"}\n`;
const widget = (name: string, spec: string, metadata = ''): string =>
  `apiVersion: example.dev/v1\nkind: Widget\nmetadata: {name: ${name}${metadata}}\nspec: ${spec}\n`;
const owned = (name: string, owner: string, more = ''): string =>
  config(
    name,
    '1',
    `, ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: ${owner}, uid: $UID, blockOwnerDeletion: true}]${more}`,
  );

const apply = (stdin: string, ...more: string[]): Step => ({args: ['apply', ...more, '-f', '-'], stdin});
const uidOf = (name: string): Step => ({args: ['get', 'cm', name, '-o', 'jsonpath={.metadata.uid}'], keep: 'UID'});
const gone = (name: string): Step => ({
  args: ['get', 'cm', name],
  code: 1,
  shows: [`configmaps "${name}" not found`],
  eventually: true,
});
/** Changes a line of what the editor shows. */
const replaced = (from: string, to: string): string => `sed -i 's/${from}/${to}/' "$1"`;

/** What people do with kubectl and a cluster. Each is done by two kubectls on an embedded and on a real API server. */
export const scenarios: readonly Scenario[] = [
  {
    name: 'apply: created, unchanged, configured',
    steps: [
      {...apply(config('c', '1')), shows: ['configmap/c created']},
      {...apply(config('c', '1')), shows: ['configmap/c unchanged']},
      {...apply(config('c', '2')), shows: ['configmap/c configured']},
      {args: ['get', 'cm', 'c', '-o', 'yaml'], shows: ['a: "2"', 'kubectl.kubernetes.io/last-applied-configuration']},
    ],
  },
  {
    name: 'apply --server-side: a conflict, and by force',
    steps: [
      apply(widget('w', '{min: 1}'), '--server-side', '--field-manager=one'),
      {
        ...apply(widget('w', '{min: 2}'), '--server-side', '--field-manager=two'),
        code: 1,
        shows: ['Apply failed with 1 conflict: conflict with "one": .spec.min'],
      },
      {
        ...apply(widget('w', '{min: 2}'), '--server-side', '--field-manager=two', '--force-conflicts'),
        shows: ['serverside-applied'],
      },
      {
        args: ['get', 'wd', 'w', '-o', 'yaml', '--show-managed-fields'],
        shows: ['manager: two'],
        hides: ['manager: one'],
      },
    ],
  },
  {
    name: 'apply --prune removes what is no longer in the set',
    steps: [
      apply(`${config('a', '1', ', labels: {set: s}')}---\n${config('b', '1', ', labels: {set: s}')}`),
      {
        ...apply(
          config('a', '1', ', labels: {set: s}'),
          '--prune',
          '-l',
          'set=s',
          '--prune-allowlist=core/v1/ConfigMap',
        ),
        shows: ['configmap/a unchanged', 'configmap/b pruned'],
      },
      {args: ['get', 'cm', '-l', 'set=s', '-o', 'name'], shows: ['configmap/a'], hides: ['configmap/b']},
    ],
  },
  {
    name: 'diff: of a change, of nothing, of something new, server-side',
    steps: [
      apply(config('c', '1')),
      {args: ['diff', '-f', '-'], stdin: config('c', '2'), code: 1, shows: [/^-\s+a: "1"$/m, /^\+\s+a: "2"$/m]},
      {args: ['diff', '-f', '-'], stdin: config('c', '1')},
      {args: ['diff', '-f', '-'], stdin: config('new', '1'), code: 1, shows: [/^\+\s+a: "1"$/m]},
      {
        args: ['diff', '--server-side', '--force-conflicts', '-f', '-'],
        stdin: config('c', '3'),
        code: 1,
        shows: [/^\+\s+a: "3"$/m],
      },
      {args: ['get', 'cm', 'c', '-o', 'jsonpath={.data.a}'], shows: ['1']},
    ],
  },
  {
    name: 'edit: a change, none, one that is refused',
    steps: [
      apply(`${config('c', '1')}---\n${widget('w', '{min: 1}')}`),
      {args: ['edit', 'cm', 'c'], editor: replaced('a: "1"', 'a: "2"'), shows: ['configmap/c edited']},
      {args: ['get', 'cm', 'c', '-o', 'jsonpath={.data.a}'], shows: ['2']},
      {args: ['edit', 'cm', 'c'], editor: 'true', shows: ['Edit cancelled, no changes made.']},
      {args: ['edit', 'wd', 'w'], editor: replaced('min: 1', 'min: 7'), shows: ['widget.example.dev/w edited']},
      {args: ['get', 'wd', 'w', '-o', 'jsonpath={.spec.min}'], shows: ['7']},
      {
        args: ['edit', 'wd', 'w'],
        // Once; the second time kubectl shows its file again, and nothing is changed in it.
        editor: replaced('min: 7', 'min: -1'),
        code: 1,
        shows: ['"w" is invalid'],
      },
    ],
  },
  {
    name: 'edit --subresource=status',
    steps: [
      apply(widget('w', '{min: 1}')),
      {args: ['patch', 'wd', 'w', '--subresource=status', '--type=merge', '-p', '{"status":{"phase":"A"}}']},
      {
        args: ['edit', 'wd', 'w', '--subresource=status'],
        editor: replaced('phase: A', 'phase: B'),
        shows: ['widget.example.dev/w edited'],
      },
      {args: ['get', 'wd', 'w', '-o', 'jsonpath={.status.phase}'], shows: ['B']},
    ],
  },
  {
    name: 'replace, replace of what is not there, replace --force',
    steps: [
      apply(config('c', '1')),
      uidOf('c'),
      {args: ['replace', '-f', '-'], stdin: config('c', '2'), shows: ['configmap/c replaced']},
      {args: ['replace', '-f', '-'], stdin: config('none', '2'), code: 1, shows: ['configmaps "none" not found']},
      {args: ['replace', '--force', '-f', '-'], stdin: config('c', '3'), shows: ['configmap/c replaced']},
      {args: ['get', 'cm', 'c', '-o', 'jsonpath={.data.a} {.metadata.uid}'], shows: [/^3 /], hides: ['$UID']},
    ],
  },
  {
    name: 'label and annotate: add, keep, overwrite, remove',
    steps: [
      apply(config('c', '1')),
      {args: ['label', 'cm', 'c', 'x=1', 'y=2'], shows: ['configmap/c labeled']},
      {args: ['label', 'cm', 'c', 'x=2'], code: 1, shows: ['--overwrite is false']},
      {args: ['label', '--overwrite', 'cm', 'c', 'x=2', 'y-'], shows: ['labeled']},
      {args: ['label', 'cm', 'c', 'x=2'], shows: ['not labeled']},
      {args: ['get', 'cm', '-l', 'x=2', '--show-labels'], shows: ['x=2'], hides: ['y=2']},
      {args: ['annotate', 'cm', 'c', 'n=1'], shows: ['configmap/c annotated']},
      {args: ['annotate', '--overwrite', 'cm', 'c', 'n=2'], shows: ['annotated']},
      {args: ['get', 'cm', 'c', '-o', 'jsonpath={.metadata.annotations.n}'], shows: ['2']},
      {args: ['label', 'cm', 'c', 'bad key=1'], code: 1, shows: ['name part must consist of alphanumeric characters']},
    ],
  },
  {
    name: 'wait: for a condition, a value, a creation, a deletion, in vain',
    steps: [
      apply(widget('w', '{min: 1}')),
      {
        args: ['wait', '--for=condition=Ready', 'wd/w', '--timeout=20s'],
        shows: ['condition met'],
        meanwhile: {
          once: 'started',
          steps: [
            {
              args: ['patch', 'wd', 'w', '--subresource=status', '--type=merge', '-p'].concat(
                '{"status":{"phase":"Done","conditions":[{"type":"Ready","status":"True"}]}}',
              ),
            },
          ],
        },
      },
      {args: ['wait', '--for=jsonpath={.status.phase}=Done', 'wd/w', '--timeout=20s'], shows: ['condition met']},
      {
        args: ['wait', '--for=create', 'cm/late', '--timeout=20s'],
        shows: ['condition met'],
        meanwhile: {once: 'started', steps: [{args: ['create', 'cm', 'late']}]},
      },
      {
        args: ['wait', '--for=delete', 'cm/late', '--timeout=20s'],
        // Says nothing where it came too late to see it go.
        incomparable: true,
        meanwhile: {once: 'started', steps: [{args: ['delete', 'cm', 'late', '--wait=false']}]},
      },
      {
        args: ['wait', '--for=condition=Never', 'wd/w', '--timeout=1s'],
        code: 1,
        shows: ['timed out waiting for the condition'],
      },
    ],
  },
  {
    name: 'get -w: what there is and what happens',
    steps: [
      apply(widget('w', '{min: 1}')),
      {
        args: ['get', 'wd', '-w'],
        until: /w\s+Off[\s\S]*late\s+On/,
        shows: [/NAME\s+MODE\s+AGE/],
        meanwhile: {
          once: /w\s+On/,
          steps: [
            {args: ['patch', 'wd', 'w', '--type=merge', '-p', '{"spec":{"mode":"Off"}}']},
            apply(widget('late', '{min: 1}')),
          ],
        },
      },
      {
        args: ['get', 'wd', 'w', '-w', '--output-watch-events', '-o', 'jsonpath={.type} {.object.spec.mode}{"\\n"}'],
        until: /DELETED/,
        shows: ['ADDED Off', 'MODIFIED On', 'DELETED On'],
        meanwhile: {
          once: /ADDED/,
          steps: [
            {args: ['patch', 'wd', 'w', '--type=merge', '-p', '{"spec":{"mode":"On"}}']},
            {args: ['delete', 'wd', 'w']},
          ],
        },
      },
    ],
  },
  {
    name: 'delete --cascade=background: dependents go after their owner',
    steps: [
      apply(config('owner', '1')),
      uidOf('owner'),
      apply(owned('dependent', 'owner')),
      {args: ['delete', 'cm', 'owner', '--cascade=background'], shows: ['configmap "owner" deleted']},
      gone('dependent'),
    ],
  },
  {
    name: 'delete --cascade=orphan: dependents stay and own themselves',
    steps: [
      apply(config('owner', '1')),
      uidOf('owner'),
      apply(owned('dependent', 'owner')),
      {args: ['delete', 'cm', 'owner', '--cascade=orphan'], shows: ['configmap "owner" deleted']},
      {args: ['get', 'cm', 'dependent', '-o', 'jsonpath=<{.metadata.ownerReferences}>'], shows: ['<>']},
    ],
  },
  {
    name: 'delete --cascade=foreground: the owner waits for its dependents',
    steps: [
      apply(config('owner', '1')),
      uidOf('owner'),
      apply(owned('dependent', 'owner', ', finalizers: [example.dev/x]')),
      {args: ['delete', 'cm', 'owner', '--cascade=foreground', '--wait=false'], shows: ['configmap "owner" deleted']},
      {
        args: ['get', 'cm', 'dependent', '-o', 'jsonpath=<{.metadata.deletionTimestamp}>'],
        hides: ['<>'],
        eventually: true,
      },
      {args: ['get', 'cm', 'owner', '-o', 'jsonpath={.metadata.finalizers}'], shows: ['["foregroundDeletion"]']},
      {
        args: ['wait', '--for=delete', 'cm/owner', '--timeout=20s'],
        incomparable: true,
        meanwhile: {
          once: 'started',
          steps: [{args: ['patch', 'cm', 'dependent', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']}],
        },
      },
      gone('dependent'),
    ],
  },
  {
    name: 'delete: waits for finalizers, by label, of nothing, without waiting for what is not there',
    steps: [
      apply(`${config('held', '1', ', finalizers: [example.dev/x]')}---\n${config('l', '1', ', labels: {x: "1"}')}`),
      {
        args: ['delete', 'cm', 'held'],
        shows: ['configmap "held" deleted'],
        meanwhile: {
          once: /deleted/,
          steps: [{args: ['patch', 'cm', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']}],
        },
      },
      gone('held'),
      {args: ['delete', 'cm', '-l', 'x=1'], shows: ['configmap "l" deleted']},
      {args: ['delete', 'cm', '-l', 'x=1'], shows: ['No resources found']},
      {args: ['delete', 'cm', 'none'], code: 1, shows: ['configmaps "none" not found']},
      {args: ['delete', 'cm', 'none', '--ignore-not-found']},
      {args: ['delete', 'cm', 'kube-root-ca.crt', '--dry-run=server'], incomparable: true, code: 0},
    ],
  },
  {
    name: 'describe: a ConfigMap, a custom object with Events, a Service, a Namespace',
    steps: [
      apply(`${config('c', '1', ', labels: {x: "1"}')}---\n${widget('w', '{min: 1}')}`),
      {args: ['describe', 'cm', 'c'], shows: [/^Name:\s+c$/m, /^Labels:\s+x=1$/m, /^a:$/m]},
      {args: ['get', 'wd', 'w', '-o', 'jsonpath={.metadata.uid}'], keep: 'UID'},
      {
        args: ['create', '-f', '-'],
        stdin:
          'apiVersion: v1\nkind: Event\nmetadata: {name: w.1}\ntype: Warning\nreason: TooSmall\nmessage: It is too small.\n' +
          'source: {component: widgeteer}\ncount: 3\nfirstTimestamp: "2026-01-01T00:00:00Z"\nlastTimestamp: "2026-01-01T00:00:00Z"\n' +
          'involvedObject: {apiVersion: example.dev/v1, kind: Widget, name: w, namespace: $NAMESPACE, uid: $UID}\n',
      },
      {
        args: ['describe', 'wd', 'w'],
        shows: [/^Spec:$/m, /^ {2}Min:\s+1$/m, /Warning\s+TooSmall\s+.*\(x3 over .*\)\s+widgeteer\s+It is too small\./],
      },
      {
        args: ['events', '--for', 'widget.example.dev/w'],
        shows: [/LAST SEEN\s+TYPE\s+REASON\s+OBJECT\s+MESSAGE/, /Warning\s+TooSmall\s+Widget\/w/],
      },
      {args: ['create', 'service', 'clusterip', 's', '--tcp=80:8080'], shows: ['service/s created']},
      {
        args: ['describe', 'svc', 's'],
        shows: [
          /^Selector:\s+app=s$/m,
          /^Port:\s+80-8080\s+80\/TCP$/m,
          /^TargetPort:\s+8080\/TCP$/m,
          /^Events:\s+<none>$/m,
        ],
      },
      // ResourceQuotas and LimitRanges are not served by an embedded one.
      {args: ['describe', 'ns', '$NAMESPACE'], shows: [/^Status:\s+Active$/m], incomparable: true},
      {args: ['describe', 'cm', 'none'], code: 1, shows: ['configmaps "none" not found']},
    ],
  },
  {
    name: 'explain: fields of custom and built-in kinds',
    steps: [
      {args: ['explain', 'widget.spec'], shows: ['What the widget should be.', /mode\s+<string>/]},
      {args: ['explain', 'widget.spec.items', '--recursive'], shows: [/value\s+<string>/]},
      {args: ['explain', 'widget.spec.none'], code: 1, shows: ['field "none" does not exist']},
      {args: ['explain', 'service.spec.ports'], shows: [/targetPort\s+</], incomparable: true},
      {args: ['explain', 'pod.metadata.labels'], shows: ['<map[string]string>'], incomparable: true},
    ],
  },
  {
    name: 'api-resources and api-versions',
    steps: [
      {
        args: ['api-resources', '--api-group=example.dev'],
        shows: [/^widgets\s+wd\s+example\.dev\/v1\s+true\s+Widget$/m],
      },
      {args: ['api-resources', '--api-group=discovery.k8s.io'], shows: ['endpointslices']},
      {args: ['api-resources', '--api-group=coordination.k8s.io', '-o', 'wide'], shows: ['leases'], incomparable: true},
      {args: ['api-resources', '--categories=ex', '-o', 'name'], shows: ['widgets.example.dev']},
      {args: ['api-versions'], shows: ['example.dev/v1beta1', 'discovery.k8s.io/v1'], incomparable: true},
    ],
  },
  {
    name: 'patch by subresource, dry run, in other versions',
    steps: [
      {...apply(widget('w', '{min: 1}'), '--dry-run=server'), shows: ['created (server dry run)']},
      {args: ['get', 'wd', 'w'], code: 1, shows: ['not found']},
      apply(widget('w', '{min: 1}')),
      {
        args: ['patch', 'wd', 'w', '--type=json', '-p', '[{"op":"test","path":"/spec/min","value":2}]'],
        code: 1,
        shows: ['the server rejected our request due to an error in our request'],
      },
      {args: ['patch', 'wd', 'w', '-p', '{}'], code: 1, shows: ['the body of the request was in an unknown format']},
      {args: ['get', 'widgets.v1beta1.example.dev', 'w', '-o', 'yaml'], shows: ['apiVersion: example.dev/v1beta1']},
      {args: ['get', 'wd,cm', '--ignore-not-found', '-o', 'name'], shows: ['widget.example.dev/w'], incomparable: true},
    ],
  },
  {
    name: 'what is refused is told in the words of the server',
    steps: [
      // Of several errors the order is that of a map upstream.
      {...apply(widget('w', '{mode: Up}')), code: 1, shows: ['Unsupported value: "Up"']},
      {...apply(widget('w', '{foo: 1}')), code: 1, shows: ['strict decoding error: unknown field "spec.foo"']},
      {...apply(widget('w', '{foo: 1}'), '--validate=warn'), shows: ['Warning: unknown field "spec.foo"']},
      {args: ['create', '-f', '-'], stdin: widget('w', '{}'), code: 1, shows: ['"w" already exists']},
      {args: ['create', '-f', '-'], stdin: config('Bad_Name', '1'), code: 1, shows: ['a lowercase RFC 1123 subdomain']},
      {args: ['get', 'nonsense'], code: 1, shows: ['the server doesn\'t have a resource type "nonsense"']},
      {args: ['get', 'cm', '--field-selector=data.a=1'], code: 1, shows: ['not a known field selector']},
    ],
  },
];
