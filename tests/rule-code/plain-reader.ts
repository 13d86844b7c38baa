import { readerMark, type EventReader } from '../../packages/core/src/plan/event-reader.ts';
import type { Json, Path } from '../../packages/core/src/plan/json.ts';
import { valueAtPath } from '../../packages/core/src/plan/path-value.ts';

/** A plain value read as an event, for code that is tried outside of an engine. `whole` is a copy, unless `fields` is frozen. */
export class PlainReader implements EventReader {
  readonly [readerMark] = true;
  readonly #paths: readonly Path[];
  readonly #fields: Json;

  constructor(paths: readonly Path[], fields: Json) {
    this.#paths = paths;
    this.#fields = fields;
  }

  get(slot: number): Json | undefined {
    return valueAtPath(this.#fields, this.#paths[slot]!);
  }

  at(path: Path): Json | undefined {
    return valueAtPath(this.#fields, path);
  }

  whole(): Json {
    return Object.isFrozen(this.#fields) ? this.#fields : structuredClone(this.#fields);
  }
}
