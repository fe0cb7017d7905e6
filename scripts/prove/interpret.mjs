/**
 * Runs the compiled code of this project on terms.
 *
 * Functions of an ES module are read (acorn) and followed over values that may be unknown. Where a condition is
 * unknown both ways are followed, and what they leave is chosen between by that condition: values, what was written to
 * objects, what was returned. So one pass gives a function's result for all inputs, of the very code that runs.
 * What the code does not use is not understood, and fails loudly.
 */

import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parse } from 'acorn';

const NORMAL = 'normal';

/** A value that is there under a condition, else undefined. */
class Maybe {
  constructor(condition, value) {
    this.condition = condition;
    this.value = value;
  }
}

class Scope {
  constructor(parent) {
    this.parent = parent;
    this.names = new Map();
  }
  holder(name) {
    for (let scope = this; scope !== undefined; scope = scope.parent) if (scope.names.has(name)) return scope;
    throw new Error(`nothing is called ${name}`);
  }
}

/**
 * @param replace - By name: functions that are done here in place of the code's own.
 * @param literal - What a number of the code stands for.
 */
export function makeInterpreter(terms, replace = {}, literal = (value) => value) {
  const modules = new Map();
  const scopes = new Map();
  let answers = () => undefined;
  let log = [];
  const isCond = (value) =>
    typeof value === 'object' && value !== null && value.ctx !== undefined && value.sort !== undefined;
  const isNumeric = (value) => terms.isTerm(value) || typeof value === 'bigint' || typeof value === 'number';

  const write = (container, key, value) => {
    const isMap = container instanceof Map;
    log.push([container, key, isMap ? container.get(key) : container[key]]);
    if (isMap) container.set(key, value);
    else container[key] = value;
  };

  const merge = (condition, a, b) => {
    if (a === b) return a;
    if (condition === true) return a;
    if (condition === false) return b;
    if (a instanceof Maybe || b instanceof Maybe || a === undefined || b === undefined) {
      const [x, y] = [a, b].map((value) =>
        value instanceof Maybe ? value : new Maybe(value !== undefined, value),
      );
      const there = terms.chooseBool(condition, x.condition, y.condition);
      if (x.value === undefined) return new Maybe(there, y.value);
      if (y.value === undefined) return new Maybe(there, x.value);
      return new Maybe(there, merge(condition, x.value, y.value));
    }
    if (isNumeric(a) && isNumeric(b))
      return !terms.isTerm(a) && !terms.isTerm(b) && BigInt(a) === BigInt(b)
        ? a
        : terms.choose(condition, a, b);
    if ((typeof a === 'boolean' || isCond(a)) && (typeof b === 'boolean' || isCond(b)))
      return terms.chooseBool(condition, a, b);
    if (Array.isArray(a) && Array.isArray(b) && a.length === b.length)
      return a.map((item, at) => merge(condition, item, b[at]));
    if (typeof a === 'object' && typeof b === 'object') {
      const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
      return Object.fromEntries([...keys].map((key) => [key, merge(condition, a[key], b[key])]));
    }
    throw new Error(`cannot choose between ${String(a)} and ${String(b)}`);
  };

  /** Runs something, takes back what it wrote, and gives both. */
  const apart = (run) => {
    const before = log;
    log = [];
    const result = run();
    const written = new Map();
    for (const [container, key] of log) {
      if (!written.has(container)) written.set(container, new Map());
      written.get(container).set(key, container instanceof Map ? container.get(key) : container[key]);
    }
    for (const [container, key, old] of log.reverse()) {
      if (container instanceof Map) container.set(key, old);
      else container[key] = old;
    }
    log = before;
    return { result, written };
  };
  const apply = (written) => {
    for (const [container, keys] of written) for (const [key, value] of keys) write(container, key, value);
  };
  const read = (container, key) => (container instanceof Map ? container.get(key) : container[key]);
  const mergeWritten = (condition, a, b) => {
    const merged = new Map();
    for (const container of new Set([...a.keys(), ...b.keys()])) {
      const keys = new Set([...(a.get(container)?.keys() ?? []), ...(b.get(container)?.keys() ?? [])]);
      const row = new Map();
      for (const key of keys) {
        const of = (written) =>
          written.get(container)?.has(key) ? written.get(container).get(key) : read(container, key);
        row.set(key, merge(condition, of(a), of(b)));
      }
      merged.set(container, row);
    }
    return merged;
  };

  /** Outcomes: by kind, the condition of it, its value, and what was written on the way. */
  const either = (condition, a, b) => {
    const outcomes = new Map();
    const take = (side, kind) => side.find((outcome) => outcome.kind === kind);
    for (const kind of new Set([...a, ...b].map((outcome) => outcome.kind))) {
      const [x, y] = [take(a, kind), take(b, kind)];
      if (x !== undefined && y !== undefined)
        outcomes.set(kind, {
          kind,
          condition: terms.chooseBool(condition, x.condition, y.condition),
          // Where neither holds it does not matter what is chosen.
          value: merge(condition, x.value, y.value),
          written: mergeWritten(condition, x.written, y.written),
        });
      else
        outcomes.set(kind, {
          ...(x ?? y),
          condition: terms.and(x === undefined ? terms.not(condition) : condition, (x ?? y).condition),
        });
    }
    return [...outcomes.values()];
  };

  /**
   * Statements from one on. Writes before the first unknown condition are in the log; those behind it are with the
   * outcomes.
   */
  const runFrom = (statements, at, scope) => {
    for (let index = at; index < statements.length; index++) {
      const outcomes = execute(statements[index], scope);
      if (outcomes === undefined) continue;
      const rest = outcomes.flatMap((outcome) => {
        if (outcome.kind !== NORMAL) return [outcome];
        const { result, written } = apart(() => {
          apply(outcome.written);
          return runFrom(statements, index + 1, scope);
        });
        return result.map((one) => ({
          ...one,
          condition: terms.and(outcome.condition, one.condition),
          written: combine(written, one.written),
        }));
      });
      return collect(rest);
    }
    return [{ kind: NORMAL, condition: true, value: undefined, written: new Map() }];
  };
  const combine = (first, then) => {
    const all = new Map([...first].map(([container, keys]) => [container, new Map(keys)]));
    for (const [container, keys] of then) {
      if (!all.has(container)) all.set(container, new Map());
      for (const [key, value] of keys) all.get(container).set(key, value);
    }
    return all;
  };
  /** One outcome of each kind; those of one kind exclude each other. */
  const collect = (outcomes) => {
    const kinds = new Map();
    for (const outcome of outcomes) {
      const known = kinds.get(outcome.kind);
      kinds.set(
        outcome.kind,
        known === undefined
          ? outcome
          : {
              kind: outcome.kind,
              condition: terms.or(known.condition, outcome.condition),
              value: merge(outcome.condition, outcome.value, known.value),
              written: mergeWritten(outcome.condition, outcome.written, known.written),
            },
      );
    }
    return [...kinds.values()];
  };

  /** Runs outcomes that are known to be one: its writes are applied. */
  const settleOne = (outcomes) => {
    const [only] = outcomes;
    apply(only.written);
    return only;
  };

  const runList = (statements, scope) => {
    const { result, written } = apart(() => {
      const hoisted = statements.filter(({ type }) => type === 'FunctionDeclaration');
      for (const one of hoisted) scope.names.set(one.id.name, closure(one, scope));
      return runFrom(statements, 0, scope);
    });
    return result.map((outcome) => ({ ...outcome, written: combine(written, outcome.written) }));
  };
  /** `undefined`: went on, its writes are in the log. Else outcomes, whose writes are not. */
  const execute = (node, scope) => {
    switch (node.type) {
      case 'FunctionDeclaration':
      case 'EmptyStatement':
        return undefined;
      case 'VariableDeclaration':
        for (const { id, init } of node.declarations)
          bind(id, init === null ? undefined : evaluate(init, scope), scope);
        return undefined;
      case 'ExpressionStatement':
        evaluate(node.expression, scope);
        return undefined;
      case 'ReturnStatement': {
        const value = node.argument === null ? undefined : evaluate(node.argument, scope);
        return [{ kind: 'return', condition: true, value, written: new Map() }];
      }
      case 'BreakStatement':
      case 'ContinueStatement':
        return [{ kind: node.type, condition: true, value: undefined, written: new Map() }];
      case 'BlockStatement':
        return simple(runList(node.body, new Scope(scope)));
      case 'IfStatement': {
        const test = truth(evaluate(node.test, scope));
        const side = (branch) =>
          branch === null || branch === undefined
            ? [{ kind: NORMAL, condition: true, value: undefined, written: new Map() }]
            : runList([branch], new Scope(scope));
        if (typeof test === 'boolean') return simple(side(test ? node.consequent : node.alternate));
        return simple(either(test, side(node.consequent), side(node.alternate)));
      }
      case 'ForOfStatement':
        return loop(node, scope, [...evaluate(node.right, scope)]);
      case 'ForStatement':
      case 'WhileStatement':
        return counted(node, scope);
      case 'SwitchStatement':
        return choice(node, scope);
      case 'ThrowStatement':
        return [{ kind: 'throw', condition: true, value: undefined, written: new Map() }];
      default:
        throw new Error(`not understood: ${node.type}`);
    }
  };
  /** Outcomes that all go on are no outcomes. */
  const simple = (outcomes) => {
    if (outcomes.length !== 1 || outcomes[0].kind !== NORMAL) return outcomes;
    settleOne(outcomes);
    return undefined;
  };

  const asBody = (outcomes) =>
    outcomes.map((outcome) =>
      outcome.kind === 'ContinueStatement' ? { ...outcome, kind: NORMAL } : outcome,
    );
  /** Turns of a loop as statements one after the other; a break ends them. */
  const turns = (run) => {
    const next = (turn) => {
      const outcomes = run(turn);
      if (outcomes === undefined) return next(turn + 1);
      if (outcomes === 'end')
        return [{ kind: NORMAL, condition: true, value: undefined, written: new Map() }];
      const all = asBody(outcomes).flatMap((outcome) => {
        if (outcome.kind !== NORMAL)
          return [outcome.kind === 'BreakStatement' ? { ...outcome, kind: 'done' } : outcome];
        return apart(() => {
          apply(outcome.written);
          const { result, written } = apart(() => next(turn + 1));
          return result.map((one) => ({
            ...one,
            kind: one.kind === NORMAL ? 'done' : one.kind,
            condition: terms.and(outcome.condition, one.condition),
            written: combine(combine(outcome.written, written), one.written),
          }));
        }).result;
      });
      return collect(all).map((outcome) =>
        outcome.kind === 'done' ? { ...outcome, kind: NORMAL } : outcome,
      );
    };
    const { result, written } = apart(() => next(0));
    return simple(result.map((outcome) => ({ ...outcome, written: combine(written, outcome.written) })));
  };
  const loop = (node, scope, items) =>
    turns((turn) => {
      if (turn >= items.length) return 'end';
      const inner = new Scope(scope);
      bind(node.left.declarations[0].id, items[turn], inner);
      return simple(runList([node.body], inner));
    });
  const counted = (node, scope) => {
    const outer = new Scope(scope);
    if (node.init) execute(node.init, outer);
    return turns((turn) => {
      if (turn > 70) throw new Error('a loop takes too many turns');
      if (turn > 0 && node.update) evaluate(node.update, outer);
      const test = node.test ? truth(evaluate(node.test, outer)) : true;
      if (test === false) return 'end';
      const body = runList([node.body], new Scope(outer));
      if (test === true) return simple(body);
      return either(test, body, [
        { kind: 'BreakStatement', condition: true, value: undefined, written: new Map() },
      ]);
    });
  };
  const choice = (node, scope) => {
    const value = evaluate(node.discriminant, scope);
    const inner = new Scope(scope);
    let from = node.cases.findIndex(({ test }) => test !== null && evaluate(test, inner) === value);
    if (from < 0) from = node.cases.findIndex(({ test }) => test === null);
    if (from < 0) return undefined;
    const outcomes = runList(
      node.cases.slice(from).flatMap(({ consequent }) => consequent),
      inner,
    );
    return simple(
      collect(
        outcomes.map((outcome) =>
          outcome.kind === 'BreakStatement' ? { ...outcome, kind: NORMAL } : outcome,
        ),
      ),
    );
  };

  const bind = (pattern, value, scope) => {
    switch (pattern.type) {
      case 'Identifier':
        scope.names.set(pattern.name, value);
        return;
      case 'ObjectPattern':
        for (const { key, value: inner } of pattern.properties) bind(inner, member(value, key.name), scope);
        return;
      case 'ArrayPattern':
        pattern.elements.forEach((inner, at) => inner && bind(inner, value[at], scope));
        return;
      default:
        throw new Error(`not understood: ${pattern.type}`);
    }
  };
  const assign = (target, value, scope) => {
    switch (target.type) {
      case 'Identifier':
        write(scope.holder(target.name).names, target.name, value);
        return;
      case 'MemberExpression':
        write(
          evaluate(target.object, scope),
          target.computed ? evaluate(target.property, scope) : target.property.name,
          value,
        );
        return;
      case 'ArrayPattern':
        target.elements.forEach((inner, at) => assign(inner, value[at], scope));
        return;
      default:
        throw new Error(`not understood: ${target.type}`);
    }
  };

  const truth = (value) => {
    if (value instanceof Maybe) return terms.and(value.condition, truth(value.value));
    if (isCond(value)) return value;
    if (terms.isTerm(value)) return terms.not(terms.equal(value, 0n));
    return Boolean(value);
  };
  const member = (object, key) => {
    const inner = object instanceof Maybe ? object.value : object;
    return inner?.[key];
  };
  const isUndefined = (value) => (value instanceof Maybe ? terms.not(value.condition) : value === undefined);

  const equals = (a, b) => {
    if (a === undefined) return isUndefined(b);
    if (b === undefined) return isUndefined(a);
    if (a instanceof Maybe) return terms.and(a.condition, equals(a.value, b));
    if (b instanceof Maybe) return equals(b, a);
    if (isNumeric(a) && isNumeric(b)) return terms.equal(a, b);
    if (typeof a === 'boolean' || isCond(a)) {
      if (a === b) return true;
      return terms.or(terms.and(a, b), terms.and(terms.not(a), terms.not(b)));
    }
    return a === b;
  };
  const BINARY = {
    '+': (a, b) =>
      typeof a === 'string' || typeof b === 'string'
        ? a + b
        : typeof a === 'number' && typeof b === 'number'
          ? a + b
          : terms.add(big(a), big(b)),
    '-': (a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : terms.subtract(big(a), big(b))),
    '*': (a, b) => (typeof a === 'number' && typeof b === 'number' ? a * b : terms.multiply(big(a), big(b))),
    '/': (a, b) => (typeof a === 'number' && typeof b === 'number' ? a / b : terms.divide(big(a), big(b))),
    '%': (a, b) => terms.remainder(big(a), big(b)),
    '&': (a, b) => (typeof a === 'number' ? a & b : terms.and_(big(a), big(b))),
    '|': (a, b) => (typeof a === 'number' ? a | b : terms.or_(big(a), big(b))),
    '^': (a, b) => terms.xor(big(a), big(b)),
    '<<': (a, b) => terms.shiftLeft(big(a), big(b)),
    '>>': (a, b) => terms.shiftRight(big(a), big(b)),
    '<': (a, b) => terms.less(big(a), big(b)),
    '>': (a, b) => terms.less(big(b), big(a)),
    '<=': (a, b) => terms.atMost(big(a), big(b)),
    '>=': (a, b) => terms.atMost(big(b), big(a)),
    '===': equals,
    '!==': (a, b) => terms.not(equals(a, b)),
  };
  /** Numbers and BigInts are one here. */
  const big = (value) =>
    value instanceof Maybe ? big(value.value) : typeof value === 'number' ? BigInt(value) : value;

  const evaluate = (node, scope) => {
    switch (node.type) {
      case 'Literal':
        return literal(node.bigint === undefined ? node.value : BigInt(node.bigint));
      case 'Identifier':
        if (node.name === 'undefined') return undefined;
        if (node.name === 'BigInt') return BIG;
        if (node.name === 'Number') return (value) => value;
        return scope.holder(node.name).names.get(node.name);
      case 'BinaryExpression':
        return BINARY[node.operator](evaluate(node.left, scope), evaluate(node.right, scope));
      case 'LogicalExpression':
        return logical(node, scope);
      case 'UnaryExpression': {
        const value = evaluate(node.argument, scope);
        if (node.operator === '!') return terms.not(truth(value));
        if (node.operator === '~') return terms.invert(value);
        if (node.operator === '-') return typeof value === 'number' ? -value : terms.negate(value);
        throw new Error(`not understood: ${node.operator}`);
      }
      case 'ConditionalExpression': {
        const test = truth(evaluate(node.test, scope));
        if (typeof test === 'boolean') return evaluate(test ? node.consequent : node.alternate, scope);
        const [a, b] = [node.consequent, node.alternate].map((side) => apart(() => evaluate(side, scope)));
        apply(mergeWritten(test, a.written, b.written));
        return merge(test, a.result, b.result);
      }
      case 'AssignmentExpression': {
        const value = evaluate(node.right, scope);
        const operator = node.operator.slice(0, -1);
        const next = operator === '' ? value : BINARY[operator](evaluate(node.left, scope), value);
        assign(node.left, next, scope);
        return next;
      }
      case 'UpdateExpression': {
        const old = evaluate(node.argument, scope);
        assign(node.argument, typeof old === 'number' ? old + 1 : terms.add(old, 1n), scope);
        return old;
      }
      case 'MemberExpression': {
        const object = evaluate(node.object, scope);
        return member(object, node.computed ? evaluate(node.property, scope) : node.property.name);
      }
      case 'ChainExpression': // a member of what may not be there: `member` knows
        return evaluate(node.expression, scope);
      case 'CallExpression':
        return call(node, scope);
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
        return closure(node, scope);
      case 'ObjectExpression': {
        const made = {};
        for (const property of node.properties) {
          if (property.type === 'SpreadElement') Object.assign(made, evaluate(property.argument, scope));
          else made[property.key.name ?? property.key.value] = evaluate(property.value, scope);
        }
        return made;
      }
      case 'ArrayExpression':
        return node.elements.map((element) => evaluate(element, scope));
      case 'TemplateLiteral':
        return '';
      case 'NewExpression':
        return new Map(evaluate(node.arguments[0], scope));
      default:
        throw new Error(`not understood: ${node.type}`);
    }
  };
  const logical = (node, scope) => {
    const left = evaluate(node.left, scope);
    if (node.operator === '??') {
      if (left === undefined) return evaluate(node.right, scope);
      if (!(left instanceof Maybe)) return left;
      return merge(left.condition, left.value, evaluate(node.right, scope));
    }
    const test = truth(left);
    const isAnd = node.operator === '&&';
    if (typeof test === 'boolean') return test === isAnd ? truth(evaluate(node.right, scope)) : test;
    // What the right side writes stays only where it is come to.
    const { result, written } = apart(() => truth(evaluate(node.right, scope)));
    apply(isAnd ? mergeWritten(test, written, new Map()) : mergeWritten(test, new Map(), written));
    return isAnd ? terms.and(test, result) : terms.or(test, result);
  };
  const BIG = Object.assign((value) => big(value), {
    asUintN: (n, value) => terms.asUint(Number(n), big(value)),
    asIntN: (n, value) => terms.asInt(Number(n), big(value)),
  });

  const call = (node, scope) => {
    const args = node.arguments.map((argument) => evaluate(argument, scope));
    const named = node.callee.type === 'MemberExpression' ? node.callee.property.name : node.callee.name;
    if (Object.hasOwn(replace, named)) return replace[named](...args);
    if (node.callee.type === 'MemberExpression') {
      const object = evaluate(node.callee.object, scope);
      const name = node.callee.property.name;
      const every = (items, test) => items.map((item) => truth(args[0](item))).reduce(test);
      if (Array.isArray(object)) {
        if (name === 'every') return every(object, terms.and);
        if (name === 'some') return every(object, terms.or);
        if (name === 'reduce')
          return args.length > 1
            ? object.reduce((a, b) => args[0](a, b), args[1])
            : object.reduce((a, b) => args[0](a, b));
        if (name === 'map') return object.map((item) => args[0](item));
        if (name === 'includes') return object.includes(args[0]);
        if (name === 'find') return object.find((item) => args[0](item));
      }
      if (object instanceof Map || object instanceof Set || typeof object === 'string')
        return object[name](...args);
      return enter(member(object, name), args);
    }
    return enter(evaluate(node.callee, scope), args);
  };

  /** Goes into a function, unless somebody answers for it. */
  const enter = (target, args) => {
    const answer = answers(target, args);
    return answer === undefined ? target(...args) : answer.result;
  };

  const closure =
    (node, scope) =>
    (...args) => {
      const inner = new Scope(scope);
      node.params.forEach((pattern, at) => {
        if (pattern.type === 'AssignmentPattern')
          bind(pattern.left, args[at] ?? evaluate(pattern.right, scope), inner);
        else bind(pattern, args[at], inner);
      });
      if (node.body.type !== 'BlockStatement') return evaluate(node.body, inner);
      const outcomes = runList(node.body.body, inner).filter(({ kind }) => kind !== 'throw');
      const ended = collect(outcomes.map((outcome) => ({ ...outcome, kind: 'return' })));
      return settleOne(ended).value;
    };

  /** The module that a face has a name from: the others behind it are not read. */
  const behind = (face, name) => {
    const { body } = parse(readFileSync(face, 'utf8'), { ecmaVersion: 2024, sourceType: 'module' });
    const row = body.find(
      ({ type, specifiers, source }) =>
        type === 'ExportNamedDeclaration' &&
        source &&
        specifiers.some(({ exported }) => exported.name === name),
    );
    if (row === undefined) throw new Error(`${face} has no ${name}`);
    return join(dirname(face), row.source.value);
  };

  /** The exports of a module. */
  const load = (path) => {
    const known = modules.get(path);
    if (known !== undefined) return known;
    const exports = {};
    modules.set(path, exports);
    const { body } = parse(readFileSync(path, 'utf8'), { ecmaVersion: 2024, sourceType: 'module' });
    const scope = new Scope(undefined);
    scopes.set(path, scope);
    const declare = (declaration) => {
      if (declaration.type === 'FunctionDeclaration') {
        scope.names.set(declaration.id.name, closure(declaration, scope));
        return [declaration.id.name];
      }
      execute(declaration, scope);
      return declaration.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []));
    };
    for (const node of body)
      if (node.type === 'ImportDeclaration') {
        const source = join(dirname(path), node.source.value);
        const isFace = basename(source) === 'index.js';
        for (const { type, local, imported } of node.specifiers) {
          const from = load(isFace ? behind(source, imported.name) : source);
          scope.names.set(local.name, type === 'ImportNamespaceSpecifier' ? from : from[imported.name]);
        }
      }
    const declarations = body.map((node) =>
      node.type === 'ExportNamedDeclaration' ? node.declaration : node,
    );
    for (const one of declarations) if (one?.type === 'FunctionDeclaration') declare(one);
    body.forEach((node, at) => {
      const one = declarations[at];
      if (!one || !['FunctionDeclaration', 'VariableDeclaration'].includes(one.type)) return;
      const names = one.type === 'FunctionDeclaration' ? [one.id.name] : declare(one);
      if (node.type === 'ExportNamedDeclaration')
        for (const name of names) exports[name] = scope.names.get(name);
    });
    return exports;
  };
  return {
    load,
    /** All that a module names, exported or not. */
    names: (path) => {
      load(path);
      return scopes.get(path).names;
    },
    /** `answer` may give `{ result }` for a call of a function of the code, which then is not gone into. */
    intercept: (answer) => {
      answers = answer;
    },
    write,
    Maybe,
    truth,
  };
}
