// Attribute predicates: `where` of rules.
import { type AttributeSets, type AttributeValue, lookUp, parseReference } from './attributes.js';
import { compileGlob } from './glob.js';

type Scalar = string | number | boolean;

/** A value, a list of them, or comparisons that must all hold. Texts may be globs. */
export type Condition = Scalar | readonly Scalar[] | Comparison;

export interface Comparison {
  readonly gte?: number | undefined;
  readonly gt?: number | undefined;
  readonly lte?: number | undefined;
  readonly lt?: number | undefined;
  /** Present and different from each. */
  readonly not?: Scalar | readonly Scalar[] | undefined;
  /** Present with a value, or not: an empty text is none. */
  readonly exists?: boolean | undefined;
  /** Present, even if empty, or not. */
  readonly present?: boolean | undefined;
}

export type Predicate = (sets: AttributeSets, captures: readonly string[]) => boolean;

type Test = (value: AttributeValue | undefined) => boolean;

/** Holds where every attribute satisfies its condition. */
export function compileConditions(where: Readonly<Record<string, Condition>>): Predicate {
  const tests = Object.entries(where).map(([name, condition]) => ({
    reference: parseReference(name),
    test: compileCondition(condition),
  }));
  return (sets, captures) => tests.every(({ reference, test }) => test(lookUp(sets, reference, captures)));
}

function compileCondition(condition: Condition): Test {
  if (typeof condition !== 'object') return equals(condition);
  if (isList(condition)) {
    const any = condition.map(equals);
    return (value) => any.some((test) => test(value));
  }
  const tests = compareTests(condition);
  return (value) => tests.every((test) => test(value));
}

function isList(condition: Condition | undefined): condition is readonly Scalar[] {
  return Array.isArray(condition);
}

function compareTests(comparison: Comparison): Test[] {
  const { gte, gt, lte, lt, not, exists, present } = comparison;
  const tests: Test[] = [];
  if (gte !== undefined) tests.push((value) => numeric(value) >= gte);
  if (gt !== undefined) tests.push((value) => numeric(value) > gt);
  if (lte !== undefined) tests.push((value) => numeric(value) <= lte);
  if (lt !== undefined) tests.push((value) => numeric(value) < lt);
  if (exists !== undefined) tests.push((value) => (value !== undefined && value !== '') === exists);
  if (present !== undefined) tests.push((value) => (value !== undefined) === present);
  if (not !== undefined) {
    const none = (isList(not) ? not : [not]).map(equals);
    tests.push((value) => value !== undefined && !none.some((test) => test(value)));
  }
  return tests;
}

/** NaN compares false with everything: an attribute that is no number satisfies no bound. */
function numeric(value: AttributeValue | undefined): number {
  return value === undefined || value === '' ? Number.NaN : Number(value);
}

/** By text, so that `failed: true` matches a bool and its spelling, and 500 an int and its spelling. */
function equals(wanted: Scalar): Test {
  const glob = compileGlob(String(wanted));
  return (value) => value !== undefined && glob(String(value)) !== undefined;
}
