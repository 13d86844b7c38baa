import type { RuleSyntax, SourceSyntax } from '../../packages/core/src/language/epl/syntax.ts';
import type { Json, Path } from '../../packages/core/src/plan/json.ts';
import type { EventName, Result } from '../../packages/core/src/plan/result.ts';
import { keyTextOf, valueAt } from './paths.ts';
import type { RuleFacts } from './results.ts';
import type { EventValue } from './values.ts';

const FACTS = ['$rule', '$tag', '$severity'];

export const namesResults = (sources: readonly SourceSyntax[]): boolean =>
  sources.some(({ field }) => FACTS.includes(field.path.join('.')));

/** A result as an event: it stands right after the event that made it true. */
export class ResultEvent implements EventValue {
  readonly isEvent = true;
  readonly isResult = true;
  readonly tenant: string;
  readonly source = { name: '$results', empty: [] };
  readonly #result: Result;
  readonly #rule: RuleSyntax;
  readonly #name: EventName;

  constructor(result: Result, rule: RuleFacts, level: number, trigger: EventName) {
    this.#result = result;
    this.#rule = rule.syntax;
    this.tenant = result.tenant;
    const order = Array.isArray(trigger.number) ? (trigger.number as Json[]) : [trigger.number];
    this.#name = { ...trigger, number: [...order, level, result.id], at: result.at };
  }

  get factAt(): number {
    return this.#result.at;
  }

  get(path: Path): Json | undefined {
    const { at, start, end, tenant, id, rule } = this.#result;
    const facts: Record<string, Json> = {
      $at: at,
      $start: start,
      $end: end,
      $tenant: tenant,
      $id: id,
      $rule: rule,
      $tag: this.#rule.tags,
      ...(this.#rule.severity === null ? {} : { $severity: this.#rule.severity }),
    };
    if (path[0]!.startsWith('$')) return path.length === 1 ? facts[path[0]!] : undefined;
    return valueAt(this.#fields, path);
  }

  get #fields(): Readonly<Record<string, Json>> {
    const { key, count, fields } = this.#result;
    return { ...key, count, ...fields };
  }

  whole(): Json {
    return structuredClone(this.#fields) as Json;
  }

  keyTexts(value: Json | undefined, each: boolean): readonly string[] {
    const elements = each && Array.isArray(value) ? (value as Json[]) : [value];
    const texts = elements.map((one) => keyTextOf(one, [])).filter((text) => text !== null);
    return [...new Set(texts)].slice(0, 100);
  }

  nameAt(): EventName {
    return this.#name;
  }
}

export const isResultEvent = (event: object): boolean => 'isResult' in event;
