import type {ImportPolicy} from '../../api/kinds.ts';
import type {Admission} from '../decision.ts';
import {conclude} from './conclude.ts';
import {judgePolicyShape} from './policy-shape.ts';

/** An ImportPolicy by itself. What it refuses is judged with each import and each route: see `judgeImport`. */
export function admitImportPolicy(object: ImportPolicy): Admission {
  return conclude({invalid: judgePolicyShape(object)});
}
