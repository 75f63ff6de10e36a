import {describe, expect, test} from 'vitest';
import type {JsonObject} from '../../../src/dev/schema/json.ts';
import {serviceImport} from './example-kinds.ts';
import {startStory} from './story.ts';
import type {Story, Writer} from './story.ts';

/** Facts recorded from a real API server: the hub owns type and ports of an import, the agent its ips. */
const ports = [{name: 'http', port: 80, protocol: 'TCP'}];
const hub: Writer = {manager: 'hub'};
const agent: Writer = {manager: 'agent'};
const byHub = {type: 'ClusterSetIP', ports};
const ips = ['10.101.0.9'];
const hubOwns = {'f:spec': {'f:ports': {}, 'f:type': {}}};
const agentOwns = {'f:spec': {'f:ips': {}}};

function started(...steps: readonly ((story: Story) => void)[]): Story {
  const story = startStory(serviceImport, 'ServiceImport');
  story.apply(hub, {spec: byHub});
  for (const step of steps) step(story);
  return story;
}

const agentApplied = (story: Story): void => {
  story.apply(agent, {spec: {ips}});
};
const hubShares = (story: Story): void => {
  story.apply(hub, {spec: {...byHub, ips}});
};

describe('two owners of one ServiceImport', () => {
  test('the agent alone cannot create it: the merged object lacks what is required', () => {
    const story = startStory(serviceImport, 'ServiceImport');
    expect(story.apply(agent, {spec: {ips}})).toBe('spec.ports: Required value, spec.type: Required value');
    expect(story.owners()).toEqual({});
  });

  interface Row {
    readonly name: string;
    readonly before: readonly ((story: Story) => void)[];
    readonly step: (story: Story) => string;
    readonly outcome: string;
    readonly spec: JsonObject;
    readonly owners: JsonObject;
  }

  const rows: readonly Row[] = [
    {
      name: 'the hub owns exactly what it applies',
      before: [],
      step: (story) => story.apply(hub, {spec: byHub}),
      outcome: 'unchanged',
      spec: byHub,
      owners: {'hub Apply': hubOwns},
    },
    {
      name: 'the agent adds ips to the object of the hub without repeating its fields',
      before: [],
      step: (story) => story.apply(agent, {spec: {ips}}),
      outcome: 'written',
      spec: {...byHub, ips},
      owners: {'agent Apply': agentOwns, 'hub Apply': hubOwns},
    },
    {
      name: 'applying the same again is no write',
      before: [agentApplied],
      step: (story) => story.apply(agent, {spec: {ips}}),
      outcome: 'unchanged',
      spec: {...byHub, ips},
      owners: {'agent Apply': agentOwns, 'hub Apply': hubOwns},
    },
    {
      name: 'the hub changes its port and the ips stay',
      before: [agentApplied],
      step: (story) => story.apply(hub, {spec: {...byHub, ports: [{port: 81}]}}),
      outcome: 'written',
      spec: {...byHub, ports: [{port: 81}], ips},
      owners: {'agent Apply': agentOwns, 'hub Apply': hubOwns},
    },
    {
      name: 'other ips by the hub conflict',
      before: [agentApplied],
      step: (story) => story.apply(hub, {spec: {...byHub, ips: ['192.0.2.9']}}),
      outcome: 'Apply failed with 1 conflict: conflict with "agent": .spec.ips',
      spec: {...byHub, ips},
      owners: {'agent Apply': agentOwns, 'hub Apply': hubOwns},
    },
    {
      name: 'the same ips by the hub are shared',
      before: [agentApplied],
      step: (story) => story.apply(hub, {spec: {...byHub, ips}}),
      outcome: 'written',
      spec: {...byHub, ips},
      owners: {'agent Apply': agentOwns, 'hub Apply': {'f:spec': {'f:ips': {}, 'f:ports': {}, 'f:type': {}}}},
    },
    {
      name: 'an owner that drops a shared field only gives up its claim',
      before: [agentApplied, hubShares],
      step: (story) => story.apply(agent, {}),
      outcome: 'written',
      spec: {...byHub, ips},
      owners: {'hub Apply': {'f:spec': {'f:ips': {}, 'f:ports': {}, 'f:type': {}}}},
    },
    {
      name: 'the last owner of a field that drops it removes it',
      before: [agentApplied],
      step: (story) => story.apply(agent, {}),
      outcome: 'written',
      spec: byHub,
      owners: {'hub Apply': hubOwns},
    },
    {
      name: 'an empty spec is an entry of its own',
      before: [agentApplied],
      step: (story) => story.apply(agent, {spec: {}}),
      outcome: 'written',
      spec: byHub,
      owners: {'agent Apply': {'f:spec': {}}, 'hub Apply': hubOwns},
    },
    {
      name: 'the only owner of a required field cannot drop it',
      before: [],
      step: (story) => story.apply(hub, {spec: {type: 'ClusterSetIP'}}),
      outcome: 'spec.ports: Required value',
      spec: byHub,
      owners: {'hub Apply': hubOwns},
    },
    {
      name: 'force takes the field from its owner',
      before: [agentApplied],
      step: (story) => story.apply({manager: 'thief', force: true}, {spec: {ips: ['192.0.2.8']}}),
      outcome: 'written',
      spec: {...byHub, ips: ['192.0.2.8']},
      owners: {'hub Apply': hubOwns, 'thief Apply': agentOwns},
    },
    {
      name: 'a user who patches the ips owns them',
      before: [agentApplied],
      step: (story) => story.patch({manager: 'user'}, {spec: {ips: ['192.0.2.7']}}),
      outcome: 'written',
      spec: {...byHub, ips: ['192.0.2.7']},
      owners: {'hub Apply': hubOwns, 'user Update': agentOwns},
    },
    {
      name: 'an Update entry conflicts with its version',
      before: [
        agentApplied,
        (story) => {
          story.patch({manager: 'user'}, {spec: {ips: ['192.0.2.7']}});
        },
      ],
      step: (story) => story.apply(agent, {spec: {ips}}),
      outcome: 'Apply failed with 1 conflict: conflict with "user" using example.dev/v1: .spec.ips',
      spec: {...byHub, ips: ['192.0.2.7']},
      owners: {'hub Apply': hubOwns, 'user Update': agentOwns},
    },
    {
      name: 'a user who removes the ips ends the claim of the agent',
      before: [agentApplied],
      step: (story) => story.patch({manager: 'user'}, {spec: {ips: null}}),
      outcome: 'written',
      spec: byHub,
      owners: {'hub Apply': hubOwns},
    },
    {
      name: 'after that the agent applies again without a conflict',
      before: [
        agentApplied,
        (story) => {
          story.patch({manager: 'user'}, {spec: {ips: null}});
        },
      ],
      step: (story) => story.apply(agent, {spec: {ips}}),
      outcome: 'written',
      spec: {...byHub, ips},
      owners: {'agent Apply': agentOwns, 'hub Apply': hubOwns},
    },
    {
      name: 'removal works across versions',
      before: [
        (story) => {
          story.apply({...agent, apiVersion: 'example.dev/v2'}, {spec: {ips}});
        },
      ],
      step: (story) => story.apply(agent, {}),
      outcome: 'written',
      spec: byHub,
      owners: {'hub Apply': hubOwns},
    },
  ];

  test.each(rows)('$name', ({before, step, outcome, spec, owners}) => {
    const story = started(...before);
    expect(step(story)).toBe(outcome);
    expect(story.object()).toEqual({spec});
    expect(story.owners()).toEqual(owners);
  });
});

describe('status of a ServiceImport', () => {
  const status = (manager: string): Writer => ({manager, subresource: 'status'});
  const withTwo = (story: Story): void => {
    story.apply(status('agent'), {
      status: {clusters: [{cluster: 'cluster-1'}], conditions: [{type: 'Ready', status: 'True'}]},
    });
    story.apply(status('hub'), {status: {clusters: [{cluster: 'cluster-2'}]}});
  };
  const one = {'k:{"cluster":"cluster-1"}': {'.': {}, 'f:cluster': {}}};
  const ready = {'k:{"type":"Ready"}': {'.': {}, 'f:status': {}, 'f:type': {}}};

  test('two managers share the list of clusters item by item', () => {
    const story = started(withTwo);
    expect(story.object()['status']).toEqual({
      clusters: [{cluster: 'cluster-1'}, {cluster: 'cluster-2'}],
      conditions: [{type: 'Ready', status: 'True'}],
    });
    expect(story.owners()).toEqual({
      'agent Apply/status': {'f:status': {'f:clusters': one, 'f:conditions': ready}},
      'hub Apply': hubOwns,
      'hub Apply/status': {'f:status': {'f:clusters': {'k:{"cluster":"cluster-2"}': {'.': {}, 'f:cluster': {}}}}},
    });
  });

  test('an empty list takes out the own items and leaves no entry', () => {
    const story = started(withTwo);
    expect(story.apply(status('hub'), {status: {clusters: []}})).toBe('written');
    expect(story.object()['status']).toMatchObject({clusters: [{cluster: 'cluster-1'}]});
    expect(story.owners()).not.toHaveProperty('hub Apply/status');
  });

  test('a status in a main apply is ignored and unowned', () => {
    const story = started(withTwo);
    expect(story.apply(hub, {spec: byHub, status: {clusters: [{cluster: 'zz'}]}})).toBe('unchanged');
  });

  test('a spec in a status apply is ignored and unowned, and left-out conditions go', () => {
    const story = started(withTwo);
    const body = {spec: {ips: ['192.0.2.3']}, status: {clusters: [{cluster: 'cluster-1'}]}};
    expect(story.apply(status('agent'), body)).toBe('written');
    expect(story.object()).toEqual({spec: byHub, status: {clusters: [{cluster: 'cluster-1'}, {cluster: 'cluster-2'}]}});
    expect(story.owners()['agent Apply/status']).toEqual({'f:status': {'f:clusters': one}});
  });
});
