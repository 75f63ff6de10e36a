import {describe, expect, test} from 'vitest';

import {AUTHORIZER, authorizerValue, RESOURCE_CHECK, resourceCheckValue} from '../../src/cel/library/authorizer.ts';
import {BOOL, DYN, INT, objectType} from '../../src/cel/types.ts';
import type {AuthorizerQuestion} from '../../src/cel/library/authorizer.ts';
import type {CelType} from '../../src/cel/types.ts';
import {compile} from '../../src/cel/compile.ts';
import {lazy, lazyObject} from '../../src/cel/binding.ts';
import {toJson} from '../../src/cel/to-json.ts';

function programOf(source: string, variables: Readonly<Record<string, CelType>>) {
  const compiled = compile(source, {variables});
  if (!compiled.ok) throw new Error(compiled.error);
  return compiled.program;
}

describe('bindings', () => {
  test('a declared variable without a value is an error by its name', () => {
    expect(programOf('object.a', {object: DYN}).evaluate({})).toMatchObject({
      ok: false,
      error: 'no such attribute(s): object',
    });
  });

  test('null is a value', () => {
    expect(programOf('oldObject == null', {oldObject: DYN}).evaluate({oldObject: null})).toMatchObject({value: true});
  });

  test('a lazy binding is read at most once, and not at all where nothing reads it', () => {
    let reads = 0;
    const binding = lazy(() => {
      reads += 1;
      return {a: 1};
    });
    const program = programOf('flag || (x.a == 1 && x.a < 2)', {flag: BOOL, x: DYN});
    expect(program.evaluate({flag: true, x: binding})).toMatchObject({value: true});
    expect(reads).toBe(0);
    expect(program.evaluate({flag: false, x: binding})).toMatchObject({value: true});
    expect(reads).toBe(1);
  });

  test("composed variables are evaluated when read, and their error is the reader's", () => {
    const [good, bad] = [programOf('1 + 1', {}), programOf('1 / int(dyn(0))', {})];
    const variables = objectType('kubernetes.variables', {good: good.type, bad: INT});
    const bound = lazyObject({good: () => good.evaluate({}), bad: () => bad.evaluate({})});
    expect(programOf('variables.good == 2', {variables}).evaluate({variables: bound})).toMatchObject({value: true});
    expect(programOf('variables.bad == 2', {variables}).evaluate({variables: bound})).toMatchObject({
      error: 'division by zero',
    });
    expect(programOf('variables.bad == 2 || true', {variables}).evaluate({variables: bound})).toMatchObject({
      value: true,
    });
    expect(compile('variables.zork', {variables: {variables}})).toMatchObject({ok: false});
  });

  test('evaluations do not share anything', () => {
    const program = programOf('x.map(i, i + 1).size()', {x: DYN});
    expect(program.evaluate({x: [1, 2]})).toMatchObject({value: 2n});
    expect(program.evaluate({x: [1]})).toMatchObject({value: 1n});
  });
});

describe('authorizer', () => {
  const asked: AuthorizerQuestion[] = [];
  const user = {name: 'alice', groups: ['dev']};
  const authorize = (question: AuthorizerQuestion) => {
    asked.push(question);
    if (question.path === '/broken') return {decision: 'NoOpinion', error: 'no answer'} as const;
    return question.verb === 'own'
      ? ({decision: 'Allow', reason: 'RBAC: allowed'} as const)
      : ({decision: 'NoOpinion'} as const);
  };
  const variables = {'authorizer': AUTHORIZER, 'authorizer.requestResource': RESOURCE_CHECK};
  const request = {
    group: 'multicluster.x-k8s.io',
    resource: 'serviceimports',
    subresource: '',
    namespace: 'ns',
    name: 'web',
  };
  const bindings = {
    'authorizer': authorizerValue(authorize, user),
    'authorizer.requestResource': resourceCheckValue(authorize, user, request),
  };

  test.each([
    ["authorizer.group('apps').resource('deployments').namespace('a').name('b').check('own').allowed()", true],
    ["authorizer.group('').resource('pods').subresource('log').check('get').allowed()", false],
    ["authorizer.requestResource.check('own').allowed()", true],
    ["authorizer.requestResource.check('own').reason() == 'RBAC: allowed'", true],
    ["authorizer.path('/healthz').check('get').allowed()", false],
    [
      "authorizer.path('/broken').check('get').errored() && authorizer.path('/broken').check('get').error() == 'no answer'",
      true,
    ],
    ["authorizer.serviceAccount('ns', 'robot').path('/x').check('own').allowed()", true],
  ])('%s', (source, value) => {
    expect(programOf(source, variables).evaluate(bindings)).toMatchObject({ok: true, value});
  });

  test.each([
    ["authorizer.path(' ').check('get').allowed()", 'path must not be empty'],
    ["authorizer.group('').resource('').check('get').allowed()", 'resource must not be empty'],
    ["authorizer.serviceAccount('a.b', 'x').path('/').check('get').allowed()", 'Invalid service account namespace'],
  ])('%s fails', (source, error) => {
    expect(programOf(source, variables).evaluate(bindings)).toMatchObject({ok: false, error});
  });

  test('a question carries who asks and about what', () => {
    asked.length = 0;
    programOf("authorizer.requestResource.labelSelector('a=b').check('list').allowed()", variables).evaluate(bindings);
    expect(asked).toEqual([{user, verb: 'list', ...request, labelSelector: 'a=b'}]);
  });

  test('a third check does not fit into one call', () => {
    const check = "authorizer.path('/x').check('get').allowed()";
    const outcome = programOf(`${check} || ${check} || ${check}`, variables).evaluate(bindings);
    expect(outcome).toMatchObject({
      ok: false,
      costExceeded: true,
      error: 'operation cancelled: actual cost limit exceeded',
    });
  });

  test('without the variable there is no authorizer', () => {
    expect(compile("authorizer.path('/x')", {variables: {}})).toMatchObject({ok: false});
  });
});

describe('toJson', () => {
  test.each([
    ["{'a': [dyn(1), 1.5, 'x', true, null]}", {a: [1, 1.5, 'x', true, null]}],
    ["timestamp('2024-01-01T00:00:00Z')", '2024-01-01T00:00:00Z'],
    ["{'__proto__': 1}.size()", 1],
    ["b'hi'", 'aGk='],
    ['9223372036854775807', undefined],
    ['{1: 2}', undefined],
    ['type(1)', undefined],
    ["quantity('1')", undefined],
  ])('%s', (source, json) => {
    const outcome = programOf(source, {}).evaluate({});
    expect(outcome.ok && toJson(outcome.value)).toEqual(json);
  });

  test('a small value that stands for 2^40 ends', () => {
    const doubled = Array.from({length: 40}).reduce(
      (source: string, _, index) => `[${source}].map(v${index}, [v${index}, v${index}])[0]`,
      '1',
    );
    const outcome = programOf(doubled, {}).evaluate({});
    expect(outcome.ok && toJson(outcome.value)).toBeUndefined();
  });
});
