/** What a rule asks of an event, as the JavaScript that an EPL rule has after FILTER. */
import { ANY, ONE, printWildcards, type WildcardPart } from '../../functions/wildcard-text.ts';
import { stringText } from '../code/print-code.ts';
import type { Condition } from './condition.ts';
import {
  isDetection,
  isPlaceholder,
  type Detection,
  type Item,
  type SigmaRule,
  type SigmaValue,
  type TextPart,
} from './sigma-rule.ts';
import { SigmaProblem } from './sigma-problem.ts';

/** An expression over `event`; joined expressions are in brackets. */
export function ruleCode({ facts, conditions, detections }: SigmaRule): string {
  const codes = conditions.flatMap((condition) => conditionCode(condition, detections) ?? []);
  if (codes.length === 0)
    throw new SigmaProblem('E623', 'pipelines dropped all that the rule asks', facts.titleSpan);
  return joined(codes, 'or');
}

/** null: nothing is left to ask, since pipelines dropped it; it then counts neither as true nor as false. */
function conditionCode(
  condition: Condition,
  detections: ReadonlyMap<string, Detection>,
): string | null {
  if (condition.kind === 'name') return detectionCode(detections.get(condition.name)!);
  if (condition.kind === 'not') {
    const code = conditionCode(condition.of, detections);
    return code === null ? null : not(code);
  }
  const codes = condition.of.flatMap((one) => conditionCode(one, detections) ?? []);
  if (codes.length === 0) return null;
  if (condition.kind !== 'at least') return joined(codes, condition.kind);
  return `(${codes.map((code) => `(${code} ? 1 : 0)`).join(' + ')} >= ${condition.count})`;
}

const not = (code: string): string => `!(${code})`;

export function joined(codes: readonly string[], link: 'and' | 'or'): string {
  if (codes.length === 0) return link === 'and' ? 'true' : 'false';
  return codes.length === 1 ? codes[0]! : `(${codes.join(link === 'and' ? ' && ' : ' || ')})`;
}

function detectionCode({ link, items }: Detection): string | null {
  const codes = items.flatMap((item) =>
    isDetection(item) ? (detectionCode(item) ?? []) : [itemCode(item)],
  );
  return codes.length === 0 ? null : joined(codes, link);
}

function itemCode(item: Item): string {
  const values = item.values.map((value) => (value.kind === 'any' ? value.of : [value]));
  const code =
    item.link === 'and'
      ? joined(
          values.map((alternatives) => valuesCode(item, alternatives)),
          'and',
        )
      : valuesCode(item, values.flat());
  if (!item.isNegated) return code;
  return `(${fieldCode(item.field ?? '')} != null && ${not(code)})`;
}

/** One of the values holds: those that are asked in one way are asked together. */
function valuesCode(item: Item, values: readonly SigmaValue[]): string {
  const calls = new Map<string, Call>();
  const codes: string[] = [];
  for (const value of values) {
    const call = item.field === null ? keywordCall(value, item) : fieldCall(value, item.field);
    if (typeof call === 'string') {
      codes.push(call);
      continue;
    }
    const name = `${call.name} ${call.last ?? ''}`;
    const known = calls.get(name);
    if (known === undefined) calls.set(name, { ...call, values: [...call.values] });
    else known.values.push(...call.values);
  }
  const asked = item.field === null ? 'event' : fieldCode(item.field);
  const asks = [...calls.values()].map(({ name, of, values: wanted, last }) => {
    const distinct = [...new Set(wanted)];
    const list = distinct.length === 1 ? distinct[0]! : `[${distinct.join(', ')}]`;
    const rest = last === null ? '' : `, ${stringText(last)}`;
    return `utils.${name}(${of ?? asked}, ${list}${rest})`;
  });
  return joined([...asks, ...codes], 'or');
}

interface Call {
  readonly name: string;
  /** What is asked, if it is not the field itself. */
  readonly of: string | null;
  readonly values: string[];
  readonly last: string | null;
}

const call = (name: string, value: string, last: string | null = null): Call => ({
  name,
  of: null,
  values: [value],
  last,
});

function fieldCall(value: SigmaValue, field: string): Call | string {
  const event = fieldCode(field);
  switch (value.kind) {
    case 'text':
      return textCall(wildcards(value.parts), value.isCased);
    case 'number':
      return call('equals', numberText(value.number));
    case 'boolean':
      return call('equals', String(value.boolean));
    case 'null':
      return `${event} == null`;
    case 'exists':
      return value.exists ? `${event} != null` : `${event} == null`;
    case 'regex':
      return call('find', stringText(value.source), value.flags === '' ? null : value.flags);
    case 'cidr':
      return call('inCidr', stringText(value.network));
    case 'compare':
      return `utils.compares(${event}, ${stringText(value.operator)}, ${numberText(value.number)})`;
    case 'time': {
      const of = `utils.timePart(${event}, ${stringText(value.part)})`;
      return `utils.equals(${of}, ${numberText(value.number)})`;
    }
    case 'field':
      return fieldReference(event, value);
    case 'any':
      return joined(
        value.of.map((one) => valueCode(one, field)),
        'or',
      );
  }
}

function valueCode(value: SigmaValue, field: string): string {
  const found = fieldCall(value, field);
  if (typeof found === 'string') return found;
  const rest = found.last === null ? '' : `, ${stringText(found.last)}`;
  return `utils.${found.name}(${fieldCode(field)}, ${found.values[0]!}${rest})`;
}

function fieldReference(event: string, value: SigmaValue & { kind: 'field' }): string {
  const other = fieldCode(value.field);
  const names = {
    equals: 'equalsIgnoreCase',
    contains: 'includesIgnoreCase',
    startswith: 'startsWithIgnoreCase',
    endswith: 'endsWithIgnoreCase',
  };
  if (!value.isCased) return `utils.${names[value.holds]}(${event}, ${other})`;
  return `utils.sameText(${event}, ${other}, ${stringText(value.holds)})`;
}

/** The simplest function that says it. */
function textCall(parts: readonly WildcardPart[], isCased: boolean): Call {
  if (isCased) return call('like', stringText(printWildcards(parts)), 'cased');
  const isAny = (part: WildcardPart | undefined): boolean => part === ANY;
  const inner = parts.filter((part) => part !== ANY);
  const [only = ''] = inner;
  const isOne = inner.length <= 1 && only !== ONE && !(inner.length === 0 && parts.length > 0);
  if (isOne && parts.length <= 3) {
    const text = stringText(only as string);
    if (parts.length <= 1) return call('equalsIgnoreCase', text);
    if (parts.length === 2)
      return call(isAny(parts[0]) ? 'endsWithIgnoreCase' : 'startsWithIgnoreCase', text);
    if (isAny(parts[0]) && isAny(parts[2])) return call('includesIgnoreCase', text);
  }
  return call('like', stringText(printWildcards(parts)));
}

function keywordCall(value: SigmaValue, item: Item): Call | string {
  switch (value.kind) {
    case 'text':
      if (value.isCased) break;
      return call('anywhere', stringText(printWildcards(wildcards(value.parts))));
    case 'number':
      return call('anywhere', stringText(String(value.number)));
    case 'boolean':
      return call('anywhere', stringText(String(value.boolean)));
    case 'regex':
      return call(
        'findAnywhere',
        stringText(value.source),
        value.flags === '' ? null : value.flags,
      );
    default:
  }
  throw new SigmaProblem(
    'E611',
    'this asks one field, and no field is named',
    item.span,
    'write the field before the modifier',
  );
}

/** Texts of which the placeholders were filled in. */
function wildcards(parts: readonly TextPart[]): WildcardPart[] {
  return parts.map((part) => (isPlaceholder(part) ? `%${part.placeholder}%` : part));
}

const numberText = (number: number): string => (number < 0 ? `(${number})` : String(number));

const WORD = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

/** A field as code reads it: `event.a.b`, `event["a b"]`. */
export function fieldCode(field: string): string {
  const steps = field
    .split('.')
    .map((step) => (WORD.test(step) ? `.${step}` : `[${stringText(step)}]`));
  // `event.fields` is the event itself.
  return `event${field === 'fields' || field.startsWith('fields.') ? '.fields' : ''}${steps.join('')}`;
}
