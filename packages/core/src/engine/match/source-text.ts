import type { Json } from '../../plan/json.ts';
import { keyTextOf } from '../../plan/key-text.ts';
import type { EventReader } from '../../plan/event-reader.ts';
import type { PartsProgram, RuleProgram } from '../program.ts';

export const NO_EMPTY_TEXTS: ReadonlySet<string> = new Set();

/** Does SOURCES hold for a field: is its value, or one of its elements, one of these? */
export function holdsOne(value: Json | undefined, values: readonly string[]): boolean {
  if (Array.isArray(value))
    return (value as readonly Json[]).some((one) => values.includes(sourceText(one)));
  return values.includes(sourceText(value));
}

/** The rules that are found by a field's value; a list holds each of its elements. */
export function foundBy(
  value: Json | undefined,
  byValue: ReadonlyMap<string, readonly RuleProgram[]>,
): Iterable<RuleProgram> | undefined {
  if (!Array.isArray(value)) return byValue.get(sourceText(value));
  return new Set((value as readonly Json[]).flatMap((one) => byValue.get(sourceText(one)) ?? []));
}

/** As `holdsOne`. */
export const holdsOneOf = (value: Json | undefined, values: ReadonlySet<string>): boolean =>
  Array.isArray(value)
    ? (value as readonly Json[]).some((one) => values.has(sourceText(one)))
    : values.has(sourceText(value));

/** What SOURCES compares; a missing value is no text that a rule could name. */
const sourceText = (value: Json | undefined): string =>
  keyTextOf(value, NO_EMPTY_TEXTS) ?? '\0missing';

/** Whether the event passes all tests of a part's SOURCES. */
export function isOfSources(
  view: EventReader,
  sources: PartsProgram['tests'][number]['sources'],
): boolean {
  return sources.every(({ slot, values }) => {
    const value = view.get(slot);
    return typeof value === 'string' ? values.has(value) : holdsOneOf(value, values);
  });
}
