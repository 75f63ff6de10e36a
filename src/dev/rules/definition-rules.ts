import {typeOfSchema} from '../../cel/schema-type.ts';
import {invalidValue, notSupported, required} from '../builtin/field-errors.ts';
import type {FieldError, Schema} from '../schema/schema.ts';
import {compileRule} from './compiled-rule.ts';
import {shownFieldPath} from './field-path.ts';
import {rulesOf, shownRule} from './validation-rule.ts';
import type {ValidationRule} from './validation-rule.ts';

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const LINE_BREAK = /[\n\r]/;

/** Where the walk through a schema is. */
interface Node {
  readonly schema: Schema;
  readonly path: string;
  /** A whole object begins here. */
  readonly isResource: boolean;
  /** The list or map above whose items can't be told from one another between two versions of the object. */
  readonly uncorrelatable: string | undefined;
}

/**
 * The rules of one version's schema: are they written right, do they compile, do they ask for what was before only where that can be
 * told. A rule is compiled only where everything at and below its schema is written right.
 *
 * @param path - of the schema within the definition
 */
export function definitionRuleErrors(schema: Schema, path: string): FieldError[] {
  const {shape, cel} = check({schema, path, isResource: true, uncorrelatable: undefined});
  return [...shape, ...cel];
}

interface Found {
  readonly shape: readonly FieldError[];
  readonly cel: readonly FieldError[];
}

function check(node: Node): Found {
  const below = childrenOf(node).map(check);
  const rules = rulesOf(node.schema);
  const shape = [
    ...below.flatMap((found) => found.shape),
    ...rules.flatMap((rule, at) => shapeErrors(rule, `${node.path}.x-kubernetes-validations[${at}]`, node.schema)),
  ];
  const cel = below.flatMap((found) => found.cel);
  return {shape, cel: shape.length === 0 && rules.length > 0 ? [...cel, ...celErrors(node, rules)] : cel};
}

function childrenOf({schema, path, uncorrelatable}: Node): readonly Node[] {
  const child = (at: string, below: Schema, forbidden = uncorrelatable): Node => ({
    schema: below,
    path: `${path}.${at}`,
    isResource: below['x-kubernetes-embedded-resource'] === true,
    uncorrelatable: forbidden,
  });
  const nodes = Object.entries(schema.properties ?? {}).map(([name, below]) => child(`properties[${name}]`, below));
  if (typeof schema.additionalProperties === 'object') {
    nodes.unshift(child('additionalProperties', schema.additionalProperties));
  }
  // Only items with keys correlate; the outermost list that has none is named.
  const forbidden = uncorrelatable ?? (schema['x-kubernetes-list-type'] === 'map' ? undefined : path);
  if (schema.items !== undefined) nodes.push(child('items', schema.items, forbidden));
  return nodes;
}

/** What is wrong with an entry whatever its expressions mean. */
function shapeErrors(rule: ValidationRule, path: string, schema: Schema): FieldError[] {
  const errors = [...textErrors(rule, path)];
  if (rule.messageExpression !== '' && rule.messageExpression.trim() === '') {
    errors.push(required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified'));
  }
  if (rule.reason !== undefined && !REASONS.includes(rule.reason)) {
    errors.push(notSupported(`${path}.reason`, rule.reason, REASONS));
  }
  if (rule.fieldPath === '') return errors;
  const wrong = (why: string): void => void errors.push(invalidValue(`${path}.fieldPath`, rule.fieldPath, why));
  if (rule.fieldPath.trim() === '') wrong('must be non-empty if specified');
  if (LINE_BREAK.test(rule.fieldPath)) wrong('must not contain line breaks');
  if (shownFieldPath(rule.fieldPath, schema) === undefined) wrong('must be a valid path');
  return errors;
}

function textErrors({rule, message}: ValidationRule, path: string): FieldError[] {
  const trimmed = message.trim();
  if (rule.trim() === '') return [required(`${path}.rule`, 'rule is not specified')];
  if (message !== '' && trimmed === '') {
    return [invalidValue(`${path}.message`, message, 'must be non-empty if specified')];
  }
  if (LINE_BREAK.test(trimmed)) return [invalidValue(`${path}.message`, message, 'must not contain line breaks')];
  if (LINE_BREAK.test(rule.trim()) && trimmed === '') {
    return [required(`${path}.message`, 'message must be specified if rule contains line breaks')];
  }
  return [];
}

function celErrors({schema, path, isResource, uncorrelatable}: Node, rules: readonly ValidationRule[]): FieldError[] {
  const at = `${path}.x-kubernetes-validations`;
  const self = typeOfSchema(schema, {root: isResource});
  if (self === undefined) return [untyped(at)];
  return rules.flatMap((rule, index) => {
    const errors: FieldError[] = [];
    const compiled = compileRule(rule, self, schema);
    const wrong = (field: string, value: unknown, why: string): void =>
      void errors.push(invalidValue(`${at}[${index}].${field}`, value, why));
    if (compiled.error !== undefined) wrong('rule', shownRule(rule), compiled.error);
    if (compiled.messageError !== undefined) wrong('messageExpression', shownRule(rule), compiled.messageError);
    if (compiled.usesOldSelf && uncorrelatable !== undefined) {
      const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`;
      wrong('rule', rule.rule, why);
    }
    if (!compiled.usesOldSelf && rule.optionalOldSelf !== undefined) {
      wrong('optionalOldSelf', rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule');
    }
    return errors;
  });
}

function untyped(field: string): FieldError {
  const why = 'failed to construct type information for x-kubernetes-validations rules';
  const text = `Internal error: internal error: ${why}: unable to convert structural schema to CEL declarations`;
  return {type: 'Internal', field, message: text};
}
