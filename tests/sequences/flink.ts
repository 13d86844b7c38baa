/** Patterns of Flink CEP's tests (tests/cases/sequences) as rules of Weir. */
import type { Result } from '../../packages/core/src/plan/result.ts';

export interface FlinkCase {
  readonly id: string;
  readonly pattern: {
    readonly steps: readonly FlinkStep[];
    readonly within_ms?: number;
  };
  readonly events: readonly ({ readonly n: number; readonly at: number } & Readonly<
    Record<string, unknown>
  >)[];
  readonly expected_matches: readonly (readonly number[])[];
  readonly equal_events?: readonly (readonly number[])[];
}

interface FlinkStep {
  readonly name?: string;
  readonly contiguity?: 'strict' | 'relaxed' | 'any';
  readonly where?: Where;
  readonly type?: string;
  readonly times?: { readonly min: number; readonly max: number | null };
  readonly inner?: 'strict' | 'relaxed' | 'any';
  readonly optional?: boolean;
  readonly greedy?: boolean;
  readonly until?: Where;
  readonly negated?: boolean;
  readonly group?: readonly FlinkStep[];
}

type Where =
  | { readonly all: readonly Where[] }
  | { readonly any: readonly Where[] }
  | { readonly not: Where }
  | { readonly constant: boolean }
  | { readonly field: string; readonly op: string; readonly value: unknown };

/** The rule that says what the pattern says. Where it names no span, 365 days. Its results list what each step took. */
export function flinkRule({ id, pattern }: FlinkCase): string {
  const within = pattern.within_ms === undefined ? '365:day' : `${pattern.within_ms}:ms`;
  const items = pattern.steps.map((step, i) => stepText(step, i, i === 0 ? null : step.contiguity));
  const taken = takenSteps(pattern.steps, false).map(({ name, isList }) =>
    isList ? `match.${name}.map((event) => event.n)` : `match.${name}.n`,
  );
  const having = `HAVING match => ({ taken: [${taken.join(', ')}] })`;
  return `RULE ${JSON.stringify(id)} FILTER true SEQUENCE BY * WITHIN ${within}\n  ${items.join('\n  ')}\n  SKIP NONE ${having}`;
}

const nameOf = (step: FlinkStep, i: number): string => step.name?.replace(/\W/g, '_') ?? `g${i}`;

function takenSteps(
  steps: readonly FlinkStep[],
  isRepeated: boolean,
): { name: string; isList: boolean }[] {
  return steps.flatMap((step, i) => {
    if (step.negated) return [];
    const isList = isRepeated || (step.times !== undefined && step.times.max !== 1);
    if (step.group !== undefined) return takenSteps(step.group, isList);
    return [{ name: nameOf(step, i), isList }];
  });
}

/** The events in their order. Tests of negation feed theirs in an order of their own, which stands for their times. */
export function flinkEvents({ id, events }: FlinkCase): Readonly<Record<string, unknown>>[] {
  let newest = 0;
  return events.map(({ at, ...fields }) => {
    newest = Math.max(newest, at);
    return { ...fields, at_ms: id.includes('NotPattern') ? newest : at };
  });
}

/** The numbers of the events of a match. */
export const takenEvents = ({ fields }: Result): number[] =>
  (fields['taken'] as (number | null | number[])[]).flat().filter((n) => n !== null);

function stepText(step: FlinkStep, i: number, contiguity: FlinkStep['contiguity'] | null): string {
  const name = nameOf(step, i);
  const how = { strict: ' NEXT', any: ' ANY', relaxed: '' }[contiguity ?? 'relaxed'];
  const conditions = [
    ...(step.type === undefined ? [] : [`event.type == ${JSON.stringify(step.type)}`]),
    ...(step.where === undefined ? [] : [code(step.where)]),
  ];
  const filter = ` FILTER ${conditions.length === 0 ? 'true' : conditions.map((one) => `(${one})`).join(' && ')}`;
  if (step.negated) return `ABSENT ${name}${contiguity === 'strict' ? ' NEXT' : ''}${filter}`;
  const rest = `${loopText(step)}${step.optional ? ' OPTIONAL' : ''}`;
  if (step.group === undefined) return `STEP ${name}${how}${filter}${rest}`;
  // A group is entered as its first taken step says.
  const inner = step.group.map((one, j) => stepText(one, j, j === 0 ? contiguity : one.contiguity));
  return `STEP ${name} (${inner.join(' ')})${rest}`;
}

function loopText({ times, inner, greedy, until }: FlinkStep): string {
  if (times === undefined && !greedy && until === undefined) return '';
  const { min, max } = times ?? { min: 1, max: 1 };
  const range = max === null ? ' OR MORE' : max === min ? '' : ` TO ${max}`;
  const how = { strict: ' CONSECUTIVE', any: ' COMBINATIONS', relaxed: '' }[inner ?? 'relaxed'];
  return ` TIMES ${min}${range}${greedy ? ' GREEDY' : ''}${how}${until === undefined ? '' : ` UNTIL ${code(until)}`}`;
}

function code(where: Where): string {
  if ('all' in where) return `(${where.all.map(code).join(' && ')})`;
  if ('any' in where) return `(${where.any.map(code).join(' || ')})`;
  if ('not' in where) return `!(${code(where.not)})`;
  if ('constant' in where) return String(where.constant);
  const field = `event[${JSON.stringify(where.field)}]`;
  const value = JSON.stringify(where.value);
  if (where.op === 'startsWith') return `${field}.startsWith(${value})`;
  return `${field} ${where.op === '==' ? '===' : where.op} ${value}`;
}

/** Matches as texts, sorted: events that cannot be told apart are one. */
export function canonical(
  matches: readonly (readonly number[])[],
  equal: FlinkCase['equal_events'] = [],
): string[] {
  const same = (n: number): number => equal.find((group) => group.includes(n))?.[0] ?? n;
  return matches.map((match) => JSON.stringify(match.map(same).sort((a, b) => a - b))).sort();
}
