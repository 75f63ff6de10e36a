import type {Expr} from './ast.ts';
import {MAX_DEPTH, MAX_TREE_DEPTH} from './limits.ts';
import type {Problem} from './problem.ts';
import {checkLiteral} from './literal-checks.ts';

function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'literal':
    case 'ident':
      return [];
    case 'select':
      return [expr.operand];
    case 'call':
      return expr.target === undefined ? expr.args : [expr.target, ...expr.args];
    case 'list':
      return expr.elements;
    case 'map':
      return expr.entries.flatMap(({key, value}) => [key, value]);
    case 'struct':
      return expr.fields.map(({value}) => value);
    case 'fold':
      return [expr.range, expr.init, expr.condition, expr.step, expr.result];
  }
}

/**
 * The depth of the whole tree, without recursion: chains within chains are deeper than any one of them, and checker, planner and
 * interpreter walk down by recursion. The problem is undefined where the tree is shallow enough.
 */
export function checkTree(root: Expr): Problem | undefined {
  let level: readonly Expr[] = [root];
  let depth = 0;
  while (level.length > 0) {
    depth += 1;
    if (depth > MAX_TREE_DEPTH) return {at: undefined, message: `expression recursion limit exceeded: ${MAX_DEPTH}`};
    for (const expr of level) {
      const problem = expr.kind === 'call' ? checkLiteral(expr) : undefined;
      if (problem !== undefined) return problem;
    }
    level = level.flatMap(childrenOf);
  }
  return undefined;
}
