import {expect} from 'vitest';
import {refused} from '../answers.ts';
import {get} from '../row.ts';
import type {Row} from '../row.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const STATUS_VERBS = ['get', 'patch', 'update'];
const CUSTOM_VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const CORE_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const gadgetKind = {group: 't.dev', version: 'v1', kind: 'Gadget'};

/** Discovery, OpenAPI, health: apiserver §1.3-1.4, §9. */
export const documents: readonly Row[] = [
  {
    name: 'the core group, aggregated',
    call: get('/api?timeout=32s', {accept: `${AGGREGATED},application/json`}),
    answer: {
      code: 200,
      headers: {'content-type': AGGREGATED, 'vary': 'Accept', 'cache-control': 'public'},
      object: {
        kind: 'APIGroupDiscoveryList',
        apiVersion: 'apidiscovery.k8s.io/v2',
        metadata: {},
        items: [
          {
            metadata: {},
            versions: [
              {
                version: 'v1',
                freshness: 'Current',
                resources: expect.arrayContaining([
                  {
                    resource: 'configmaps',
                    responseKind: {group: '', version: '', kind: 'ConfigMap'},
                    scope: 'Namespaced',
                    singularResource: 'configmap',
                    verbs: CORE_VERBS,
                    shortNames: ['cm'],
                  },
                ]),
              },
            ],
          },
        ],
      },
    },
  },
  {
    name: 'all other groups, aggregated',
    call: get('/apis?timeout=32s', {accept: `${AGGREGATED},application/json`}),
    answer: {
      code: 200,
      headers: {'content-type': AGGREGATED, 'etag': expect.stringMatching(/^"[0-9A-F]{128}"$/)},
      object: {
        items: expect.arrayContaining([
          {
            metadata: {name: 't.dev'},
            versions: [
              {
                version: 'v1',
                freshness: 'Current',
                resources: [
                  {
                    resource: 'gadgets',
                    responseKind: gadgetKind,
                    scope: 'Namespaced',
                    singularResource: 'gadget',
                    verbs: CUSTOM_VERBS,
                    shortNames: ['gd'],
                    categories: ['all'],
                    subresources: [{subresource: 'status', responseKind: gadgetKind, verbs: STATUS_VERBS}],
                  },
                ],
              },
              expect.objectContaining({version: 'v1alpha1'}),
            ],
          },
        ]),
      },
    },
  },
  {
    name: 'the core group, as older clients ask',
    call: get('/api'),
    answer: {
      code: 200,
      object: {
        kind: 'APIVersions',
        versions: ['v1'],
        serverAddressByClientCIDRs: [{clientCIDR: '0.0.0.0/0', serverAddress: expect.stringMatching(/^[\d.]+:\d+$/)}],
      },
    },
  },
  {
    name: 'an Accept that discovery does not know is the older form',
    call: get('/apis', {
      accept: 'application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList,application/json',
    }),
    answer: {
      code: 200,
      object: {kind: 'APIGroupList', apiVersion: 'v1'},
      headers: {'content-type': 'application/json'},
    },
  },
  {
    name: 'one group',
    call: get('/apis/t.dev'),
    answer: {
      code: 200,
      object: {
        kind: 'APIGroup',
        name: 't.dev',
        versions: [{groupVersion: 't.dev/v1', version: 'v1'}, {groupVersion: 't.dev/v1alpha1'}],
        preferredVersion: {groupVersion: 't.dev/v1', version: 'v1'},
      },
    },
  },
  {
    name: 'one group version; the hash names the version in storage',
    call: get('/apis/t.dev/v1'),
    answer: {
      code: 200,
      object: {
        kind: 'APIResourceList',
        groupVersion: 't.dev/v1',
        resources: [
          {
            name: 'gadgets',
            singularName: 'gadget',
            namespaced: true,
            kind: 'Gadget',
            verbs: CUSTOM_VERBS,
            storageVersionHash: expect.stringMatching(/^[A-Za-z0-9+/]{11}=$/),
          },
          {name: 'gadgets/status', singularName: '', namespaced: true, kind: 'Gadget', verbs: STATUS_VERBS},
        ],
      },
    },
  },
  {
    name: 'the index of OpenAPI',
    call: get('/openapi/v3'),
    answer: {
      code: 200,
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        'last-modified': expect.stringMatching(/ GMT$/),
      },
      object: {
        paths: {
          'api/v1': {serverRelativeURL: expect.stringMatching(/^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{128}$/)},
          'apis/t.dev/v1': {serverRelativeURL: expect.stringMatching(/^\/openapi\/v3\/apis\/t\.dev\/v1\?hash=/)},
        },
      },
    },
  },
  {
    name: 'an index that did not change',
    call: get('/openapi/v3', {'if-modified-since': new Date('2099-01-01').toUTCString()}),
    answer: {code: 304, text: ''},
  },
  {
    name: 'a document by a hash of the past is elsewhere',
    call: get('/openapi/v3/apis/t.dev/v1?hash=0'),
    answer: {
      code: 301,
      headers: {location: expect.stringMatching(/^\/openapi\/v3\/apis\/t\.dev\/v1\?hash=[0-9A-F]{128}$/)},
    },
  },
  {
    name: 'a document without a hash is not to be kept',
    call: get('/openapi/v3/apis/t.dev/v1'),
    answer: {
      code: 200,
      headers: {'content-type': 'application/json', 'cache-control': 'no-cache, private'},
      object: {
        paths: {
          '/apis/t.dev/v1/namespaces/{namespace}/gadgets/{name}': {
            patch: {
              'parameters': expect.arrayContaining([expect.objectContaining({name: 'fieldValidation', in: 'query'})]),
              'x-kubernetes-group-version-kind': gadgetKind,
            },
          },
        },
      },
    },
  },
  {
    name: 'OpenAPI v2, which clients do without',
    call: get('/openapi/v2', {accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'}),
    answer: {code: 200, headers: {vary: expect.stringContaining('Accept') as string}},
    embedded: {code: 404, text: '404 page not found\n'},
  },
  {
    name: 'the version',
    call: get('/version?timeout=32s'),
    answer: {code: 200, object: {major: '1', minor: '36', minCompatibilityMinor: '35'}},
  },
  {
    name: 'health, without a token',
    call: get('/readyz', {authorization: ''}),
    answer: {code: 200, text: 'ok', headers: {'content-type': 'text/plain; charset=utf-8'}},
  },
  {
    name: 'everything else without a token',
    call: get('/api/v1/namespaces/default/configmaps', {authorization: ''}),
    answer: {
      ...refused(
        403,
        'Forbidden',
        'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "default"',
        {kind: 'configmaps'},
      ),
      headers: {'x-content-type-options': 'nosniff'},
    },
  },
  {
    name: 'one object of a group without a token',
    call: get('/apis/t.dev/v1/namespaces/default/gadgets/g', {authorization: ''}),
    answer: refused(
      403,
      'Forbidden',
      'gadgets.t.dev "g" is forbidden: User "system:anonymous" cannot get resource "gadgets" in API group "t.dev" in the namespace "default"',
      {name: 'g', group: 't.dev', kind: 'gadgets'},
    ),
  },
  {
    name: 'a path without a token',
    call: get('/metrics', {authorization: ''}),
    answer: refused(403, 'Forbidden', 'forbidden: User "system:anonymous" cannot get path "/metrics"', {}),
  },
  {
    name: 'a token of nobody, even for the version',
    call: get('/version', {authorization: 'Bearer nobody'}),
    answer: refused(401, 'Unauthorized', 'Unauthorized'),
  },
];
