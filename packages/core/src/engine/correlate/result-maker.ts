import { armedLimits, LimitBroken, used } from '../../functions/budget.ts';
import type { Json } from '../../plan/json.ts';
import type { CorrelateDetectPlan, RulePlan } from '../../plan/plan.ts';
import type { Result, ResultChange } from '../../plan/result.ts';
import { resultId, type StepEvents } from '../result-id.ts';
import { lastAtOf, type Candidate, type Evidence, type WindowKind } from './candidates.ts';
import { returnedFrom, type Fields } from './plain-value.ts';

interface MakerFacts {
  readonly rule: RulePlan;
  readonly detect: CorrelateDetectPlan;
  readonly kind: WindowKind;
  readonly tenant: string;
  readonly sink: ((copy: never) => unknown) | null;
  readonly givesFrom: number;
  readonly isWarming: () => boolean;
  readonly output: { failed(clause: 'SINK', error: unknown, event: Evidence): void };
}

/** Makes results of what windows found: asks SINK, and names them. */
export class ResultMaker {
  readonly #facts: MakerFacts;
  /** Copying it is five times as fast as putting an object together name by name. */
  readonly #unnamed: Readonly<Record<string, string>>;

  constructor(facts: MakerFacts) {
    this.#facts = facts;
    this.#unnamed = Object.fromEntries(facts.detect.keys.map(({ name }) => [name, '']));
  }

  /** Texts of a key by their names. */
  #named(key: readonly string[]): Readonly<Record<string, string>> {
    const { keys } = this.#facts.detect;
    const named: Record<string, string> = { ...this.#unnamed };
    for (let i = 0; i < keys.length; i++) named[keys[i]!.name] = key[i]!;
    return named;
  }

  /** The results of a candidate, as they would be opened. What SINK throws is told once nothing changes any more. */
  changesOf(key: readonly string[], candidate: Candidate, final: boolean): ResultChange[] {
    const { sink, output } = this.#facts;
    const named = this.#named(key);
    const { judged } = candidate;
    // Most rules give what they found, and nothing else.
    if (judged.value === true && sink === null)
      return [this.#changeOf(key, named, candidate, NO_FIELDS, null, null)];
    const changes: ResultChange[] = [];
    let steps = 0;
    try {
      for (const fromHaving of returnedFrom(judged.value, {})) {
        const sunk =
          sink === null
            ? ([{ fields: fromHaving.fields, part: null }] as const)
            : returnedFrom(
                sink(givenOf(named, candidate, fromHaving.fields) as never),
                fromHaving.fields,
              );
        // HAVING may give thousands of results: what SINK does for all of them is bounded as one call is.
        if (sink !== null) steps = boundedSteps(steps + used().steps);
        for (const { fields, part } of sunk)
          changes.push(this.#changeOf(key, named, candidate, fields, fromHaving.part, part));
      }
    } catch (error) {
      const { first, last } = candidate;
      if (final || LimitBroken.is(error))
        output.failed('SINK', error, last.at(-1) ?? first.at(-1)!);
      return [];
    }
    return changes;
  }

  #changeOf(
    key: readonly string[],
    named: Readonly<Record<string, string>>,
    candidate: Candidate,
    fields: Fields,
    partOfHaving: Json,
    partOfSink: Json,
  ): ResultChange {
    const { rule, tenant } = this.#facts;
    const [kind, from] = candidate.identity;
    const parts: (Json | StepEvents)[] = [kind, tenant, rule.id, key, from];
    if (partOfHaving !== null) parts.push(partOfHaving);
    if (partOfSink !== null) parts.push(partOfSink);
    const positions = candidate.first.map(({ position }) => position);
    for (const { position } of candidate.last) positions.push(position);
    const result = this.#result(resultId(parts), named, candidate, fields);
    return { change: 'open', revision: 0, result, positions };
  }

  #result(
    id: string,
    key: Readonly<Record<string, string>>,
    candidate: Candidate,
    fields: Fields,
  ): Result {
    const { rule, tenant } = this.#facts;
    const result: { -readonly [Name in keyof Result]: Result[Name] } = {
      id,
      rule: rule.id,
      version: rule.version,
      tenant,
      severity: rule.facts.severity,
      key,
      start: candidate.start,
      end: candidate.end,
      at: candidate.at,
      timeFrom: 'event',
      count: candidate.count,
      first: candidate.first.map(({ name }) => name),
      last: candidate.last.length === 0 ? NO_NAMES : candidate.last.map(({ name }) => name),
      measures: candidate.judged.measures,
      fields,
      iocs: NO_HITS,
    };
    if (candidate.steps !== undefined) result.steps = candidate.steps;
    if (candidate.isCut === true) result.cut = true;
    if (this.#isWarming(candidate)) result.warming = true;
    return result;
  }

  /** Events before the rule began could be of the result. */
  #isWarming(candidate: Candidate): boolean {
    const { givesFrom, isWarming, kind } = this.#facts;
    if (givesFrom === -Infinity || !isWarming()) return false;
    // For so long an event may matter.
    return lastAtOf(candidate) < givesFrom + kind.forgetAt(0, 0);
  }
}

/** Steps of calls of the rule that is armed; throws LimitBroken where they are more than one call may take. */
function boundedSteps(steps: number): number {
  const most = armedLimits().steps;
  if (steps <= most) return steps;
  throw new LimitBroken('steps', `it takes more than ${most} steps for the results of one window`);
}

/** What SINK gets, as its own. */
function givenOf(
  named: Readonly<Record<string, string>>,
  { count, at, start, end }: Candidate,
  fields: Fields,
): Json {
  const given = { ...named, count, $at: at, $start: start, $end: end, ...fields };
  return JSON.parse(JSON.stringify(given)) as Json;
}

// Shared by all results that have none.
const NO_FIELDS: Fields = Object.freeze({});
const NO_HITS: Result['iocs'] = Object.freeze([]);
const NO_NAMES: Result['last'] = [];
