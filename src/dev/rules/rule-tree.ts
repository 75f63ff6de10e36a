import {typeOfSchema} from '../../cel/schema-type.ts';
import type {CelType} from '../../cel/types.ts';
import type {Schema} from '../schema/schema.ts';
import {compileRule} from './compiled-rule.ts';
import type {CompiledRule} from './compiled-rule.ts';
import {hasRules, rulesOf} from './validation-rule.ts';

/** The compiled rules of a schema and of everything below it; branches without rules are left out. */
export interface RuleTree {
  readonly schema: Schema;
  readonly self: CelType;
  readonly rules: readonly CompiledRule[];
  readonly items: RuleTree | undefined;
  readonly values: RuleTree | undefined;
  readonly members: ReadonlyMap<string, RuleTree>;
  /** Rules within `allOf` are about the same value. */
  readonly allOf: readonly RuleTree[];
}

/** A schema comes with its CustomResourceDefinition and never changes: it is compiled when its first object is written. */
const TREES = new WeakMap<Schema, {readonly tree: RuleTree | undefined}>();

/** Undefined: the schema has no rules. */
export function ruleTree(schema: Schema): RuleTree | undefined {
  let known = TREES.get(schema);
  if (known === undefined) {
    known = {tree: hasRules(schema) ? treeOf(schema, schema, true) : undefined};
    TREES.set(schema, known);
  }
  return known.tree;
}

/**
 * @param part - where rules are looked for: the schema itself, or a part of its `allOf`
 * @param isResource - the value is a whole object: what all objects have is there, declared or not
 */
function treeOf(part: Schema, schema: Schema, isResource: boolean): RuleTree | undefined {
  const self = typeOfSchema(schema, {root: isResource});
  // Fields of an unknown type are out of reach for rules.
  if (self === undefined) return undefined;
  const rules = rulesOf(part).map((rule) => compileRule(rule, self, schema));
  const items = below(part.items, schema.items);
  const values = below(objectOnly(part.additionalProperties), objectOnly(schema.additionalProperties));
  const members = new Map<string, RuleTree>();
  for (const [name, member] of Object.entries(part.properties ?? {})) {
    const tree = below(member, Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name] : undefined);
    if (tree !== undefined) members.set(name, tree);
  }
  const allOf = (part.allOf ?? []).flatMap((one) => treeOf(one, schema, isResource) ?? []);
  const isEmpty = rules.length + members.size + allOf.length === 0 && items === undefined && values === undefined;
  return isEmpty ? undefined : {schema, self, rules, items, values, members, allOf};
}

function below(part: Schema | undefined, schema: Schema | undefined): RuleTree | undefined {
  if (part === undefined || schema === undefined) return undefined;
  return treeOf(part, schema, schema['x-kubernetes-embedded-resource'] === true);
}

function objectOnly(schema: Schema | boolean | undefined): Schema | undefined {
  return typeof schema === 'object' ? schema : undefined;
}
