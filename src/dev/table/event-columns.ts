import {objectAt, stringAt} from '../schema/json.ts';
import type {JsonObject} from '../schema/json.ts';
import {humanAge} from './age.ts';
import type {KindColumn} from './kind-column.ts';

/** Events show when they were seen, and their name last: it says nothing. */
export const eventColumns: readonly KindColumn[] = [
  {name: 'Last Seen', cell: lastSeen},
  {name: 'Type', cell: (event) => stringAt(event, 'type') ?? ''},
  {name: 'Reason', cell: (event) => stringAt(event, 'reason') ?? ''},
  {name: 'Object', cell: regarding},
  {name: 'Subobject', wide: true, cell: (event) => stringAt(objectAt(event, 'involvedObject'), 'fieldPath') ?? ''},
  {name: 'Source', wide: true, cell: source},
  {name: 'Message', cell: (event) => (stringAt(event, 'message') ?? '').trim()},
  {
    name: 'First Seen',
    wide: true,
    cell: (event, nowMs) => humanAge(event['firstTimestamp'] ?? event['eventTime'], nowMs),
  },
  {name: 'Count', wide: true, type: 'integer', cell: (event) => Math.max(1, Number(event['count'] ?? 1))},
  {name: 'Name', wide: true, cell: (event) => stringAt(objectAt(event, 'metadata'), 'name') ?? ''},
];

function lastSeen(event: JsonObject, nowMs: number): string {
  const series = objectAt(event, 'series');
  const first = event['firstTimestamp'] ?? event['eventTime'];
  const last = series?.['lastObservedTime'] ?? event['lastTimestamp'] ?? first;
  const times = Number(series?.['count'] ?? event['count'] ?? 1);
  const ago = humanAge(last, nowMs);
  return times > 1 ? `${ago} (x${times} over ${humanAge(first, nowMs)})` : ago;
}

function regarding(event: JsonObject): string {
  const object = objectAt(event, 'involvedObject');
  return `${(stringAt(object, 'kind') ?? '').toLowerCase()}/${stringAt(object, 'name') ?? ''}`;
}

function source(event: JsonObject): string {
  const from = objectAt(event, 'source');
  const component = stringAt(from, 'component') || (stringAt(event, 'reportingComponent') ?? '');
  const host = stringAt(from, 'host') ?? '';
  return host === '' ? component : `${component}, ${host}`;
}
