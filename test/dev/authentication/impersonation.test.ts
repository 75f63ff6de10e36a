import {IncomingMessage} from 'node:http';
import {Socket} from 'node:net';
import {describe, expect, test} from 'vitest';
import {impersonated} from '../../../src/dev/authentication/impersonation.ts';
import type {UserInfo} from '../../../src/dev/authentication/user-info.ts';
import type {Attributes} from '../../../src/dev/authorization/attributes.ts';
import type {Authorizer} from '../../../src/dev/authorization/authorizer.ts';

const root: UserInfo = {username: 'root', uid: '', groups: []};
const asked: Attributes = {
  user: root,
  verb: 'list',
  path: '/api/v1/pods',
  resource: {group: '', resource: 'pods', subresource: '', namespace: '', name: ''},
};

/** Allows what is on the list: `verb group/resource[/sub] name`. */
function allowing(...list: readonly string[]): Authorizer {
  return {
    rulesFor: () => ({rules: [], error: ''}),
    authorize: ({verb, resource}) => {
      const {group = '', resource: plural = '', subresource = '', name = ''} = resource ?? {};
      const what = subresource === '' ? plural : `${plural}/${subresource}`;
      return {allowed: list.includes('*') || list.includes(`${verb} ${group}/${what} ${name}`.trim()), reason: ''};
    },
  };
}

function requestWith(...headers: readonly (readonly [string, string])[]): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  const distinct: Record<string, string[]> = {};
  for (const [name, value] of headers) (distinct[name.toLowerCase()] ??= []).push(value);
  Object.defineProperty(request, 'headersDistinct', {value: distinct});
  return request;
}

describe('impersonation', () => {
  test('is not asked for without its headers', () => {
    expect(impersonated(requestWith(), asked, allowing())).toBe(root);
  });

  test('of a user needs the right to be them, for this very request', () => {
    const bob = requestWith(['Impersonate-User', 'bob']);
    const on = 'impersonate-on:user-info:list /pods';
    const be = 'impersonate:user-info authentication.k8s.io/users bob';
    expect(impersonated(bob, asked, allowing(on, be)).groups).toEqual(['system:authenticated']);
    expect(() => impersonated(bob, asked, allowing(on))).toThrow(/cannot impersonate:user-info resource "users"/);
    expect(() => impersonated(bob, asked, allowing(be))).toThrow(
      /cannot impersonate-on:user-info:list resource "pods"/,
    );
  });

  test('goes by the old right as well', () => {
    const bob = requestWith(['Impersonate-User', 'bob']);
    expect(impersonated(bob, asked, allowing('impersonate /users bob')).username).toBe('bob');
  });

  test('needs a right for each group, uid and extra value', () => {
    const request = requestWith(
      ['Impersonate-User', 'bob'],
      ['Impersonate-Group', 'g1'],
      ['Impersonate-Group', 'g2'],
      ['Impersonate-Uid', 'u'],
      ['Impersonate-Extra-Scopes', 'a'],
    );
    const rights = [
      'impersonate /users bob',
      'impersonate /groups g1',
      'impersonate /groups g2',
      'impersonate authentication.k8s.io/uids u',
      'impersonate authentication.k8s.io/userextras/scopes a',
    ];
    expect(impersonated(request, asked, allowing(...rights))).toEqual({
      username: 'bob',
      uid: 'u',
      groups: ['g1', 'g2', 'system:authenticated'],
      extra: {scopes: ['a']},
    });
    for (const missing of rights) {
      const rest = rights.filter((right) => right !== missing);
      expect(() => impersonated(request, asked, allowing(...rest)), missing).toThrow(/is forbidden/);
    }
  });

  test('of an account gives it the groups that accounts have', () => {
    const request = requestWith(['Impersonate-User', 'system:serviceaccount:bar:bot']);
    expect(impersonated(request, asked, allowing('impersonate /serviceaccounts bot')).groups).toEqual([
      'system:serviceaccounts',
      'system:serviceaccounts:bar',
      'system:authenticated',
    ]);
  });

  test('of a Node gives it the group of Nodes, but not the old way', () => {
    const request = requestWith(['Impersonate-User', 'system:node:n1']);
    const constrained = allowing(
      'impersonate-on:arbitrary-node:list /pods',
      'impersonate:arbitrary-node authentication.k8s.io/nodes n1',
    );
    expect(impersonated(request, asked, constrained).groups).toEqual(['system:nodes', 'system:authenticated']);
    const old = allowing('impersonate /users system:node:n1');
    expect(impersonated(request, asked, old).groups).toEqual(['system:authenticated']);
  });

  test('of system:masters goes the old way only', () => {
    const request = requestWith(['Impersonate-User', 'bob'], ['Impersonate-Group', 'system:masters']);
    const constrained = allowing(
      'impersonate-on:user-info:list /pods',
      'impersonate:user-info authentication.k8s.io/users bob',
      'impersonate:user-info authentication.k8s.io/groups system:masters',
    );
    expect(() => impersonated(request, asked, constrained)).toThrow(
      /impersonating the system:masters group is not allowed/,
    );
    expect(impersonated(request, asked, allowing('*')).groups).toContain('system:masters');
  });

  test('of nobody is nobody', () => {
    const request = requestWith(['Impersonate-User', 'system:anonymous']);
    expect(impersonated(request, asked, allowing('*')).groups).toEqual(['system:unauthenticated']);
  });
});
