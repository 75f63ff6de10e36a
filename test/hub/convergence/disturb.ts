import {serviceExports, type Resource} from '../../../src/api/resources.ts';
import type {Done} from './carry-out.ts';
import type {Command} from './commands.ts';
import type {Losses} from './losses.ts';
import type {Place} from './playground.ts';

/** Only the hub meets faults. */
export const HUB = {userAgent: 'isthmus-hub'};

export type Disturbance = Extract<Command, {readonly resource: Resource}> | Extract<Command, {readonly do: 'fails'}>;

/** A fault of one member's API server, or of the way there. */
export function disturb(
  api: Place,
  command: Disturbance,
  {done, losses}: {done: Done; losses?: Pick<Losses, 'noteEmptyList'> | undefined},
): void {
  if (command.do === 'fails') {
    api.faults.add(HUB, {kind: 'status', code: 500}, {times: command.times});
    return;
  }
  const {plural: resource, group} = command.resource;
  const match = {...HUB, resource, group};
  switch (command.do) {
    case 'gone':
      forceList(api, resource, group);
      return;
    case 'empty':
      api.faults.add({...match, verb: 'list'}, {kind: 'emptyList'}, {times: 1});
      forceList(api, resource, group);
      done.emptied = true;
      if (command.resource === serviceExports) losses?.noteEmptyList(command.m);
      return;
    case 'slow':
      api.faults.add({...match, verb: 'list'}, {kind: 'latency', ms: 3_000}, {times: 1});
      forceList(api, resource, group);
      return;
    case 'fail':
      api.faults.add({...match, verb: 'list'}, {kind: 'status', code: 503}, {times: 2});
      forceList(api, resource, group);
      return;
    case 'cut':
      api.faults.dropWatches(match);
      return;
    case 'late':
      api.faults.add({...match, verb: 'watch'}, {kind: 'latency', ms: 700}, {times: 1});
      api.faults.dropWatches(match);
      return;
    case 'repeat':
      api.repeatEvents(command.resource, 5);
      return;
  }
}

/** The next watch is told that its place is too old, so that everything is listed anew. */
export function forceList(api: Place, resource: string, group = resource === 'clusters' ? 'flomesh.io' : ''): void {
  const match = {...HUB, resource, group};
  api.faults.add({...match, verb: 'watch'}, {kind: 'gone'}, {times: 1});
  api.faults.dropWatches(match);
}
