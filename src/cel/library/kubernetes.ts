import {ARITHMETIC} from './arithmetic.ts';
import {AUTHORIZATION} from './authorizer.ts';
import {CALENDAR} from './calendar.ts';
import {COMPARISON} from './comparison.ts';
import {CONVERSION} from './conversion.ts';
import {FORMAT} from './formats.ts';
import {IP} from './ip.ts';
import {LISTS} from './lists.ts';
import {OPTIONALS} from './optionals.ts';
import {QUANTITY} from './quantity.ts';
import {REGEX} from './regex.ts';
import {SEMVER} from './semver.ts';
import {SETS} from './sets.ts';
import {STRINGS} from './strings.ts';
import {URLS} from './url.ts';
import {joinLibraries} from '../signature.ts';

/**
 * Every function of a kube-apiserver's environment (1.33 and later): the language's own, cel-go's strings (version 2), sets, optionals
 * and two-variable comprehensions, and Kubernetes' own libraries. What an API server doesn't have (math, encoders, bindings) is left
 * out on purpose: a rule that compiles here has to compile there.
 */
export const KUBERNETES = joinLibraries([
  ARITHMETIC,
  COMPARISON,
  CONVERSION,
  CALENDAR,
  STRINGS,
  LISTS,
  REGEX,
  SETS,
  OPTIONALS,
  URLS,
  QUANTITY,
  IP,
  FORMAT,
  SEMVER,
  AUTHORIZATION,
]);
