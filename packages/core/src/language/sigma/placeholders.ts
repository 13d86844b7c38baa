import { parseWildcards } from '../../functions/wildcard-text.ts';
import { SigmaProblem } from './sigma-problem.ts';
import {
  isDetection,
  isPlaceholder,
  type Detection,
  type Item,
  type SigmaRule,
  type SigmaValue,
  type TextPart,
} from './sigma-rule.ts';

/** The texts that stand for a placeholder; null: nobody gave any. */
export type PlaceholderTexts = (name: string) => readonly string[] | null;

/** A rule with so many texts in one place would be slow in every event; such a list belongs to an EPL rule's IOC clause. */
const TEXTS_MAX = 10_000;

/** The rule with its placeholders filled in. Throws SigmaProblem E620 if a list is missing. */
export function fillPlaceholders(rule: SigmaRule, texts: PlaceholderTexts): SigmaRule {
  if (![...rule.detections.values()].some(hasPlaceholder)) return rule;
  const detections = new Map(
    [...rule.detections].map(([name, detection]) => [name, filled(detection, texts)]),
  );
  return { ...rule, detections };
}

const hasPlaceholder = ({ items }: Detection): boolean =>
  items.some((item) =>
    isDetection(item) ? hasPlaceholder(item) : item.values.some(valueHasPlaceholder),
  );

export function valueHasPlaceholder(value: SigmaValue): boolean {
  if (value.kind === 'any') return value.of.some(valueHasPlaceholder);
  return value.kind === 'text' && value.parts.some(isPlaceholder);
}

function filled(detection: Detection, texts: PlaceholderTexts): Detection {
  return {
    ...detection,
    items: detection.items.map((item) =>
      isDetection(item) ? filled(item, texts) : filledItem(item, texts),
    ),
  };
}

function filledItem(item: Item, texts: PlaceholderTexts): Item {
  const find = (name: string): readonly (readonly TextPart[])[] => {
    const found = texts(name);
    if (found === null)
      throw new SigmaProblem('E620', `this rule asks for a list called ${name}`, item.span);
    if (found.length > TEXTS_MAX)
      throw new SigmaProblem(
        'E620',
        `the list ${name} has ${found.length} rows; ${TEXTS_MAX} can stand in a rule`,
        item.span,
        'an EPL rule with IOC FILTERS IN, which takes lists of millions',
      );
    return found.map((text) => (text === '' ? [] : [text]));
  };
  return { ...item, values: item.values.map((value) => filledValue(value, find)) };
}

/** A value for each text, in all combinations. */
export function filledValue(
  value: SigmaValue,
  find: (name: string) => readonly (readonly TextPart[])[],
): SigmaValue {
  if (value.kind === 'any')
    return { kind: 'any', of: value.of.map((one) => filledValue(one, find)) };
  if (value.kind !== 'text' || !value.parts.some(isPlaceholder)) return value;
  let variants: (readonly TextPart[])[] = [[]];
  for (const part of value.parts) {
    const pieces: readonly (readonly TextPart[])[] = isPlaceholder(part)
      ? find(part.placeholder)
      : [[part]];
    variants = variants.flatMap((one) => pieces.map((piece) => [...one, ...piece]));
    if (variants.length > TEXTS_MAX) break;
  }
  const of = variants.map((parts): SigmaValue => ({ ...value, parts: merged(parts) }));
  return of.length === 1 ? of[0]! : { kind: 'any', of };
}

/** Texts of a pipeline's variables, in which wildcards are wildcards. */
export const wildcardTexts = (texts: readonly string[]): readonly (readonly TextPart[])[] =>
  texts.map((text) => parseWildcards(text));

function merged(parts: readonly TextPart[]): TextPart[] {
  const out: TextPart[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (typeof part === 'string' && typeof last === 'string') out[out.length - 1] = last + part;
    else out.push(part);
  }
  return out;
}
