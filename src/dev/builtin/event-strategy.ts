import type {JsonObject} from '../schema/json.ts';
import type {FieldError} from '../schema/schema.ts';
import {invalidValue} from './field-errors.ts';
import {namespaceOf, objectIn, textIn} from './read-json.ts';
import type {Strategy} from './strategy.ts';

/** What Go writes of fields that nobody set. */
const UNSET: JsonObject = {
  source: {},
  firstTimestamp: null,
  lastTimestamp: null,
  eventTime: null,
  reportingComponent: '',
  reportingInstance: '',
};

/** Events: they stand in the namespace of what they are about, those of cluster-scoped objects in `default`. */
export const eventStrategy: Strategy = {
  prepare: (event) => ({...UNSET, ...event}),
  allocated: Object.keys(UNSET),
  validate: validateEvent,
  ownsNothing: true,
};

function validateEvent(event: JsonObject): FieldError[] {
  const about = textIn(objectIn(event, 'involvedObject'), 'namespace');
  const expected = about === '' ? 'default' : about;
  if (expected === namespaceOf(event) || (about === '' && namespaceOf(event) === 'kube-system')) return [];
  return [invalidValue('involvedObject.namespace', about, 'does not match event.namespace')];
}
