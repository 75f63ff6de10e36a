import type {JsonObject} from '../../schema/json.ts';
import {metaOf} from '../object-meta.ts';
import type {ResourceType} from '../resource-type.ts';
import {parseFieldSelector} from './field-selector.ts';
import {parseLabelSelector} from './label-selector.ts';

/** What a list, a watch or a deletecollection is about. */
export interface Selection {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  /** False where a selector is set: lists then leave `remainingItemCount` out (apiserver.md §3.1). */
  readonly everything: boolean;
  /** A name is selected: nothing comes after it. */
  readonly isOne: boolean;
  readonly matches: (object: JsonObject) => boolean;
}

/** @throws ApiError 400 for a selector that cannot be parsed */
export function parseSelection(type: ResourceType, namespace: string | undefined, query: URLSearchParams): Selection {
  const labelText = query.get('labelSelector') ?? '';
  const fieldText = query.get('fieldSelector') ?? '';
  const labels = parseLabelSelector(labelText);
  const fields = parseFieldSelector(fieldText, type);
  return {
    type,
    namespace,
    everything: labelText === '' && fieldText === '',
    isOne: /(^|,)metadata\.name==?[^,]/.test(fieldText),
    matches: (object) => {
      const meta = metaOf(object);
      return (namespace === undefined || meta.namespace === namespace) && labels(meta.labels ?? {}) && fields(object);
    },
  };
}
