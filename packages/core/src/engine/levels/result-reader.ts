import { readerMark, type EventReader } from '../../plan/event-reader.ts';
import type { Json, Path } from '../../plan/json.ts';
import { valueAtPath } from '../../plan/path-value.ts';
import type { RulePlan } from '../../plan/plan.ts';
import type { Result } from '../../plan/result.ts';

/** A result as rules read it that name its rule: the key, `count`, and on top what HAVING and SINK gave. */
export class ResultReader implements EventReader {
  readonly [readerMark] = true;
  readonly #paths: readonly Path[];
  readonly #fields: Readonly<Record<string, Json>>;
  readonly #facts: Readonly<Record<string, Json>>;

  /** `paths`: by slot. */
  constructor(paths: readonly Path[], result: Result, { id, facts }: RulePlan) {
    this.#paths = paths;
    this.#fields = { ...result.key, count: result.count, ...result.fields };
    this.#facts = {
      $at: result.at,
      $start: result.start,
      $end: result.end,
      $tenant: result.tenant,
      $id: result.id,
      $rule: id,
      $tag: facts.tags,
      ...(facts.severity === null ? {} : { $severity: facts.severity }),
    };
  }

  get(slot: number): Json | undefined {
    return this.at(this.#paths[slot]!);
  }

  at(path: Path): Json | undefined {
    const [first = ''] = path;
    if (first.startsWith('$')) return path.length === 1 ? this.#facts[first] : undefined;
    return valueAtPath(this.#fields, path);
  }

  whole(): Json {
    return JSON.parse(JSON.stringify(this.#fields)) as Json;
  }
}
