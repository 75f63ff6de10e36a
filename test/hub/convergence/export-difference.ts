import type {Condition} from '../../../src/api/meta.ts';
import {keyOf} from '../../../src/api/meta.ts';
import {conflictCondition} from '../../../src/clusterset/conflict-condition.ts';
import type {ExportVerdict} from '../../../src/clusterset/merged-import.ts';
import {keepingType, typesIn} from './allowed-types.ts';
import type {Compared} from './import-difference.ts';
import {exportObjects} from './truth.ts';

/** What the hub tells each export: that it conflicts, and whether it has come to all members. */
export function differencesOfExports(compared: Compared): readonly string[] {
  const {api, held} = compared;
  return exportObjects(api).flatMap(({metadata, status}) => {
    const key = keyOf(metadata);
    const verdicts = verdictsOf(compared, key);
    if (verdicts.length === 0 || held.has(key)) return [];
    const found = verdicts.map((verdict) => differencesOfOne({key, verdict, conditions: status.conditions}));
    return found.find(({length}) => length === 0) ?? found[0] ?? [];
  });
}

/** One for each type that the import may have in the clusterset, where no member shows which it has. */
function verdictsOf({world, truth, name, types}: Compared, key: string): readonly ExportVerdict[] {
  const result = truth.merged.get(key);
  if (result === undefined) return [];
  const shown = typesIn(world, truth, key).whole;
  const possible = shown.size === 0 ? types(key, false) : shown;
  return [...possible].flatMap((type) => keepingType(result, type).verdicts.get(name) ?? []);
}

function differencesOfOne({
  key,
  verdict,
  conditions,
}: {
  key: string;
  verdict: ExportVerdict;
  conditions: readonly Condition[];
}): readonly string[] {
  const isValid = verdict.valid.status === 'True';
  const wanted: Pick<Condition, 'type' | 'status' | 'reason'>[] = [
    conflictCondition(verdict.conflicts),
    isValid
      ? {type: 'Ready', status: 'True', reason: 'Exported'}
      : {type: 'Ready', status: 'False', reason: verdict.valid.reason === 'NoService' ? 'Pending' : 'Failed'},
  ];
  return wanted.flatMap(({type, status: is, reason}) => {
    const actual = conditions.find((each) => each.type === type);
    const isRight = actual?.status === is && actual.reason === reason;
    return isRight ? [] : [`export ${key} ${type}: ${actual?.status} ${actual?.reason}, not ${is} ${reason}`];
  });
}
