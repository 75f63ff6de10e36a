import type {ExportPolicy} from '../../api/kinds.ts';
import type {Admission, Finding} from '../decision.ts';
import {conclude, inField} from './conclude.ts';
import {judgePolicyShape} from './policy-shape.ts';

const at = inField('ExportPolicy');

/** An ExportPolicy by itself. What it forbids is judged with each export: see `judgeExport`. */
export function admitExportPolicy(object: ExportPolicy): Admission {
  return conclude({invalid: [...judgePolicyShape(object), ...judgeExclusive(object)]});
}

function judgeExclusive({spec}: ExportPolicy): readonly Finding[] {
  return (spec?.rules ?? []).flatMap(({action, exclusive}, index) =>
    exclusive === true && action === 'Deny'
      ? [at(`spec.rules[${index}].exclusive`, 'a denial is for all clusters already: use exclusive with Allow')]
      : [],
  );
}
