import {failure, qualified} from '../../apiserver/api-error.ts';
import type {ApiError} from '../../apiserver/api-error.ts';
import type {InternalApi} from '../../apiserver/internal-api.ts';
import type {ResourceType} from '../../apiserver/resource-type.ts';
import type {Authorizer} from '../../authorization/authorizer.ts';
import {admittedName, requestVariables} from '../../expressions/request-variables.ts';
import type {Variables} from '../../expressions/request-variables.ts';
import type {JsonObject} from '../../schema/json.ts';
import type {AdmissionInput} from '../admit.ts';
import {BINDINGS, boundPolicies, POLICIES} from './compiled-binding.ts';
import type {BoundPolicy, CompiledBinding} from './compiled-binding.ts';
import type {CompiledPolicy} from './compiled-policy.ts';
import {evaluatePolicy} from './evaluate-policy.ts';
import type {Objection} from './evaluate-policy.ts';
import {matchedType} from './match-criteria.ts';
import {collectParams, paramType} from './params.ts';
import type {Misconfigured} from './params.ts';

const NAMESPACES = {group: '', plural: 'namespaces'};

/** Nobody may lock themselves out, and who is asked whether somebody may do something is not asked in return. */
const EXEMPT: ReadonlySet<string> = new Set([
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
  'selfsubjectreviews.authentication.k8s.io',
  'tokenreviews.authentication.k8s.io',
  'localsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectaccessreviews.authorization.k8s.io',
  'selfsubjectrulesreviews.authorization.k8s.io',
  'subjectaccessreviews.authorization.k8s.io',
]);

const CODES: Readonly<Record<string, number>> = {Forbidden: 403, RequestEntityTooLarge: 413};
const INVALID = 422;

interface Denial extends Objection {
  readonly by: string;
}

type Warn = (text: string) => void;

/** The ValidatingAdmissionPolicies of one embedded cluster. A change counts from the next request on. */
export class PolicyAdmission {
  readonly #api: InternalApi;
  readonly #authorizer: Authorizer;
  readonly #stopListening: () => void;
  #bound: readonly BoundPolicy[] | undefined;

  constructor(api: InternalApi, authorizer: Authorizer) {
    this.#api = api;
    this.#authorizer = authorizer;
    this.#stopListening = api.onChange(({type}) => {
      const isPolicy = type.group === POLICIES.group && [POLICIES.plural, BINDINGS.plural].includes(type.plural);
      if (isPolicy) this.#bound = undefined;
    });
  }

  /**
   * Asks every policy that is bound, in the order of names. All are asked, so that all warnings arrive.
   *
   * @throws ApiError of the first denial, with the code that its reason stands for
   */
  validate(input: AdmissionInput, warn: Warn): void {
    if (EXEMPT.has(input.type.storageKey)) return;
    this.#bound ??= boundPolicies(this.#api);
    const [first] = this.#bound.flatMap((bound) => this.#denialsOf(bound, input, warn));
    if (first !== undefined) throw denied(input, first);
  }

  close(): void {
    this.#stopListening();
  }

  #denialsOf({policy, bindings}: BoundPolicy, input: AdmissionInput, warn: Warn): readonly Denial[] {
    const shown = matchedType(policy.criteria, input, this.#api);
    if (shown === undefined) return [];
    const type = policy.paramKind === undefined ? undefined : paramType(this.#api, policy.paramKind);
    if (isMisconfigured(type)) return misconfigured(policy, `failed to configure policy: ${type.error}`);
    const variables = requestVariables({
      ...{input, shown, authorizer: this.#authorizer},
      namespace: this.#namespaceOf(input),
    });
    return bindings.flatMap((binding) => this.#held({policy, binding, type}, {input, variables, warn}));
  }

  /** What one binding makes of it. */
  #held(
    {policy, binding, type}: {policy: CompiledPolicy; binding: CompiledBinding; type: ResourceType | undefined},
    {input, variables, warn}: {input: AdmissionInput; variables: Variables; warn: Warn},
  ): readonly Denial[] {
    if (binding.criteria !== undefined && matchedType(binding.criteria, input, this.#api) === undefined) return [];
    const asked = {type, paramRef: binding.paramRef};
    const params = collectParams(this.#api, asked, input.namespace ?? '');
    if (isMisconfigured(params)) return misconfigured(policy, `failed to configure binding: ${params.error}`, binding);
    const by = `ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}'`;
    return params.flatMap((one) =>
      evaluatePolicy(policy, {...variables, params: one}).flatMap((objection) => {
        if (binding.actions.includes('Warn') && objection.always !== true) {
          warn(`Validation failed for ${by}: ${objection.message}`);
        }
        return binding.actions.includes('Deny') || objection.always === true ? [{...objection, by}] : [];
      }),
    );
  }

  /** A Namespace is in none. */
  #namespaceOf({type, namespace = ''}: AdmissionInput): JsonObject | null {
    if (namespace === '' || type.storageKey === 'namespaces') return null;
    return this.#api.get(NAMESPACES, undefined, namespace) ?? null;
  }
}

function isMisconfigured(value: unknown): value is Misconfigured {
  return typeof value === 'object' && value !== null && 'error' in value;
}

function misconfigured(policy: CompiledPolicy, message: string, binding?: CompiledBinding): readonly Denial[] {
  const by = `ValidatingAdmissionPolicy '${policy.name}'${binding === undefined ? '' : ` with binding '${binding.name}'`}`;
  return policy.ignoreFailure ? [] : [{reason: 'Invalid', message, by}];
}

function denied(input: AdmissionInput, {by, reason, message}: Denial): ApiError {
  const {group, plural} = input.type;
  const name = admittedName(input);
  const said = `${by} denied request: ${message}`;
  return failure({
    code: CODES[reason] ?? INVALID,
    reason,
    message: `${qualified(plural, group)} ${JSON.stringify(name)} is forbidden: ${said}`,
    details: {name, ...(group === '' ? {} : {group}), kind: plural, causes: [{message: said}]},
  });
}
