import {describe, expect, test} from 'vitest';
import {parseRequest} from '../../../src/dev/apiserver/http/request-info.ts';
import type {Verb} from '../../../src/dev/apiserver/http/request-info.ts';

interface Case {
  readonly name: string;
  readonly request: [method: string, url: string];
  readonly verb: Verb;
  /** group/version/plural namespace name subresource */
  readonly resource: string | undefined;
}

const cases: Case[] = [
  {name: 'a core list', request: ['GET', '/api/v1/namespaces/a/pods'], verb: 'list', resource: '/v1/pods a - -'},
  {name: 'a core list everywhere', request: ['GET', '/api/v1/pods?limit=1'], verb: 'list', resource: '/v1/pods - - -'},
  {
    name: 'an object',
    request: ['GET', '/apis/x.dev/v1/namespaces/a/foos/b'],
    verb: 'get',
    resource: 'x.dev/v1/foos a b -',
  },
  {
    name: 'a status',
    request: ['PATCH', '/apis/x.dev/v1/foos/b/status'],
    verb: 'patch',
    resource: 'x.dev/v1/foos - b status',
  },
  {name: 'a namespace', request: ['GET', '/api/v1/namespaces/a'], verb: 'get', resource: '/v1/namespaces - a -'},
  {
    name: 'a namespace’s status',
    request: ['PUT', '/api/v1/namespaces/a/status'],
    verb: 'update',
    resource: '/v1/namespaces - a status',
  },
  {name: 'namespaces', request: ['POST', '/api/v1/namespaces'], verb: 'create', resource: '/v1/namespaces - - -'},
  {name: 'a watch', request: ['GET', '/api/v1/pods?watch=true'], verb: 'watch', resource: '/v1/pods - - -'},
  {name: 'a watch, said with 1', request: ['GET', '/api/v1/pods?watch=1'], verb: 'watch', resource: '/v1/pods - - -'},
  {
    name: 'no watch of one object',
    request: ['GET', '/api/v1/nodes/n?watch=true'],
    verb: 'get',
    resource: '/v1/nodes - n -',
  },
  {name: 'a delete', request: ['DELETE', '/api/v1/nodes/n'], verb: 'delete', resource: '/v1/nodes - n -'},
  {
    name: 'a deletecollection',
    request: ['DELETE', '/api/v1/nodes'],
    verb: 'deletecollection',
    resource: '/v1/nodes - - -',
  },
  {name: 'an escaped name', request: ['GET', '/api/v1/nodes/a%3Ab'], verb: 'get', resource: '/v1/nodes - a:b -'},
  {name: 'a stray percent sign', request: ['GET', '/api/v1/nodes/%zz'], verb: 'get', resource: '/v1/nodes - %zz -'},
  {name: 'a trailing slash', request: ['GET', '/api/v1/nodes/'], verb: 'list', resource: '/v1/nodes - - -'},
  {name: 'a group version', request: ['GET', '/apis/x.dev/v1'], verb: 'get', resource: undefined},
  {name: 'discovery', request: ['GET', '/api'], verb: 'get', resource: undefined},
  {name: 'something else', request: ['GET', '//[::'], verb: 'get', resource: undefined},
];

describe('a request is about', () => {
  test.each(cases)('$name', ({request, verb, resource}) => {
    const info = parseRequest(...request);
    const at = info.resource;
    const shown =
      at && `${at.group}/${at.version}/${at.plural} ${at.namespace ?? '-'} ${at.name ?? '-'} ${at.subresource ?? '-'}`;
    expect([info.verb, shown]).toEqual([verb, resource]);
  });
});
