/** Transformations of single items of a detection. */
import { ANY } from '../../../functions/wildcard-text.ts';
import { filledValue, valueHasPlaceholder, wildcardTexts } from '../placeholders.ts';
import { SigmaProblem } from '../sigma-problem.ts';
import {
  isPlaceholder,
  type Detection,
  type Item,
  type SigmaValue,
  type TextPart,
} from '../sigma-rule.ts';
import { fieldHolds, type Progress } from './judge.ts';
import type { PipelineItem } from './pipeline.ts';
import { pipelinePattern, plainText, pythonReplace, textValue } from './pipeline-text.ts';

type Part = Detection | Item;

/** What an item becomes; the item itself if nothing changes, null if it is dropped. */
export function transformItem(step: PipelineItem, item: Item, progress: Progress): Part | null {
  switch (step.type) {
    case 'drop_detection_item':
      return null;
    case 'detection_item_failure':
      throw new SigmaProblem('E623', String(step.parameters.message ?? 'refused'), item.span);
    case 'hashes_fields':
      return hashes(step, item);
    case 'extract_fields':
      return extracted(step, item);
    case 'field_name_mapping':
    case 'field_name_prefix_mapping':
    case 'field_name_prefix':
    case 'field_name_suffix':
      return mappedItem(step, item, progress);
    default: {
      const values = item.values.flatMap(
        (value) => transformValue(step, value, item, progress) ?? [value],
      );
      const isSame = values.every((value, i) => value === item.values[i]);
      return isSame && values.length === item.values.length ? item : { ...item, values };
    }
  }
}

/** The names that a field's name is mapped to; null: it is not mapped. */
export function mappedNames(step: PipelineItem, field: string | null): readonly string[] | null {
  const { mapping = {}, prefix, suffix } = step.parameters;
  const list = (to: unknown): string[] =>
    Array.isArray(to) ? (to as unknown[]).map(String) : [String(to)];
  const table = mapping as Readonly<Record<string, unknown>>;
  if (step.type === 'field_name_mapping') {
    // Keywords are mapped by the name null, of which plain values make the empty text.
    const name = field ?? '';
    return Object.hasOwn(table, name) ? list(table[name]) : null;
  }
  if (field === null) return null;
  if (step.type === 'field_name_prefix') return [String(prefix) + field];
  if (step.type === 'field_name_suffix') return [field + String(suffix)];
  const found = Object.keys(table).find((one) => field.startsWith(one));
  return found === undefined
    ? null
    : list(table[found]).map((to) => to + field.slice(found.length));
}

function mappedItem(step: PipelineItem, item: Item, progress: Progress): Part {
  const values = item.values.flatMap((value): SigmaValue[] => {
    const names =
      value.kind === 'field' && fieldHolds(step, value.field, progress)
        ? mappedNames(step, value.field)
        : null;
    if (value.kind !== 'field' || names === null) return [value];
    return names.map((field) => ({ ...value, field }));
  });
  const isSame = values.every((value, i) => value === item.values[i]);
  const changed = isSame ? item : { ...item, values };
  const names = mappedNames(step, item.field);
  if (names === null || !fieldHolds(step, item.field, progress)) return changed;
  if (item.field !== null) progress.mapped.add(item.field);
  for (const name of names) progress.mapped.add(name);
  const own = item.field === null ? { ...changed, values: values.map(searched) } : changed;
  const items = names.map((field): Item => ({ ...own, field }));
  const [only] = items;
  return items.length === 1 ? only! : { link: 'or', items, span: item.span };
}

/** A keyword that became a field's value is still found anywhere in it. */
function searched(value: SigmaValue): SigmaValue {
  if (value.kind !== 'text') return value;
  const before: TextPart[] = value.parts[0] === ANY ? [] : [ANY];
  const after: TextPart[] = value.parts.at(-1) === ANY ? [] : [ANY];
  return { ...value, parts: [...before, ...value.parts, ...after] };
}

/** null: the value stays. */
function transformValue(
  step: PipelineItem,
  value: SigmaValue,
  item: Item,
  progress: Progress,
): SigmaValue[] | null {
  if (value.kind === 'any') {
    const of = value.of.flatMap((one) => transformValue(step, one, item, progress) ?? [one]);
    return of.every((one, i) => one === value.of[i]) ? null : [{ kind: 'any', of }];
  }
  const { parameters } = step;
  switch (step.type) {
    case 'replace_string':
      return replaced(step, value);
    case 'map_string': {
      if (value.kind !== 'text') return null;
      const to = (parameters.mapping as Record<string, unknown>)[plainText(value.parts)];
      if (to === undefined) return null;
      return (Array.isArray(to) ? to : [to]).map((one) => textValue(String(one)));
    }
    case 'regex':
      return value.kind === 'text' && value.parts.length > 0 ? [regexValue(step, value)] : null;
    case 'set_value':
      return [plainValue(parameters.value, parameters.force_type)];
    case 'convert_type':
      return converted(step, value, item);
    case 'case':
      return value.kind === 'text' ? [casedValue(step, value)] : null;
    case 'wildcard_placeholders':
      return isHandled(step, value) ? [filledFor(step, value, () => [[ANY]])] : null;
    case 'value_placeholders':
      return isHandled(step, value)
        ? [filledFor(step, value, (name) => varsOf(name, item, progress))]
        : null;
    default:
      return null;
  }
}

function isTaken({ parameters }: PipelineItem, name: string): boolean {
  const { include, exclude } = parameters;
  if (Array.isArray(include)) return include.includes(name);
  return !(Array.isArray(exclude) && exclude.includes(name));
}

const isHandled = (step: PipelineItem, value: SigmaValue): boolean =>
  valueHasPlaceholder(value) &&
  value.kind === 'text' &&
  value.parts.some((part) => isPlaceholder(part) && isTaken(step, part.placeholder));

const filledFor = (
  step: PipelineItem,
  value: SigmaValue,
  find: (name: string) => readonly (readonly TextPart[])[],
): SigmaValue =>
  filledValue(value, (name) => (isTaken(step, name) ? find(name) : [[{ placeholder: name }]]));

function varsOf(name: string, item: Item, { vars }: Progress): readonly (readonly TextPart[])[] {
  if (!Object.hasOwn(vars, name))
    throw new SigmaProblem('E620', `this rule asks for a list called ${name}`, item.span);
  const given = vars[name];
  return wildcardTexts((Array.isArray(given) ? (given as unknown[]) : [given]).map(String));
}

function replaced(step: PipelineItem, value: SigmaValue): SigmaValue[] | null {
  if (value.kind !== 'text' && value.kind !== 'number') return null;
  const {
    regex,
    replacement,
    skip_special: skips,
    interpret_special: interprets,
  } = step.parameters;
  const pattern = pipelinePattern(regex, step);
  const replace = (text: string): string => pythonReplace(text, pattern, String(replacement));
  const parts: readonly TextPart[] = value.kind === 'number' ? [String(value.number)] : value.parts;
  const isCased = value.kind === 'text' && value.isCased;
  if (skips === true) {
    const made = parts.flatMap((part): readonly TextPart[] => {
      if (typeof part !== 'string') return [part];
      const text = replace(part);
      return interprets === true ? textParts(text) : text === '' ? [] : [text];
    });
    return [{ kind: 'text', parts: made, isCased }];
  }
  // Backslashes of the outcome are backslashes, unless they stand before a wildcard.
  const text = replace(plainText(parts)).replace(/\\(?![*?])/g, '\\\\');
  return [{ kind: 'text', parts: textParts(text), isCased }];
}

const textParts = (text: string): readonly TextPart[] =>
  (textValue(text) as SigmaValue & { kind: 'text' }).parts;

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

function regexValue(
  { parameters }: PipelineItem,
  value: SigmaValue & { kind: 'text' },
): SigmaValue {
  const { method = 'ignore_case_brackets' } = parameters;
  const letters = (text: string): string =>
    method === 'ignore_case_brackets'
      ? [...text]
          .map((one) =>
            /\p{L}/u.test(one) ? `[${one.toLowerCase()}${one.toUpperCase()}]` : escaped(one),
          )
          .join('')
      : escaped(text);
  const source = value.parts
    .map((part) => (typeof part === 'string' ? letters(part) : part === ANY ? '.*' : '.'))
    .join('');
  return { kind: 'regex', source, flags: method === 'ignore_case_flag' ? 'i' : '' };
}

function plainValue(value: unknown, force?: unknown): SigmaValue {
  if (force === 'str') return textValue(String(value));
  if (force === 'num' || typeof value === 'number')
    return { kind: 'number', number: Number(value) };
  if (typeof value === 'boolean') return { kind: 'boolean', boolean: value };
  return value === null || value === undefined ? { kind: 'null' } : textValue(String(value));
}

function converted(
  { parameters }: PipelineItem,
  value: SigmaValue,
  item: Item,
): SigmaValue[] | null {
  if (parameters.target_type === 'str')
    return value.kind === 'number'
      ? [{ kind: 'text', parts: [String(value.number)], isCased: false }]
      : null;
  if (value.kind !== 'text') return null;
  const text = plainText(value.parts);
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(number))
    throw new SigmaProblem('E623', `${JSON.stringify(text)} cannot be made a number`, item.span);
  return [{ kind: 'number', number }];
}

function casedValue(
  { parameters }: PipelineItem,
  value: SigmaValue & { kind: 'text' },
): SigmaValue {
  const change = (text: string): string => {
    if (parameters.method === 'upper') return text.toUpperCase();
    if (parameters.method !== 'snake_case') return text.toLowerCase();
    return text.replace(/(?<!^)(?=[A-Z])/g, '_').toLowerCase();
  };
  return {
    ...value,
    parts: value.parts.map((part) => (typeof part === 'string' ? change(part) : part)),
  };
}

const HASH_LENGTHS: Readonly<Record<number, string>> = {
  32: 'MD5',
  40: 'SHA1',
  64: 'SHA256',
  128: 'SHA512',
};

/** `Hashes: SHA1=…` as a field for each kind of hash. */
function hashes({ parameters }: PipelineItem, item: Item): Part {
  const fields = (parameters.field_to_parse ?? ['Hashes', 'Hash']) as unknown[];
  if (!fields.includes(item.field) || !item.values.every(({ kind }) => kind === 'text'))
    return item;
  const algorithms = (parameters.valid_hash_algos ?? []) as unknown[];
  const found = new Map<string, SigmaValue[]>();
  for (const value of item.values as (SigmaValue & { kind: 'text' })[]) {
    const { name, hash } = hashIn(plainText(value.parts));
    if (!algorithms.includes(name)) continue;
    const field = `${String(parameters.field_prefix ?? '')}${parameters.drop_algo_prefix === true ? '' : name}`;
    found.set(field, [...(found.get(field) ?? []), textValue(hash)]);
  }
  if (found.size === 0)
    throw new SigmaProblem('E623', 'no hash of a known kind stands here', item.span);
  const items = [...found].map(([field, values]): Item => ({
    ...item,
    field: field === 'keyword' ? null : field,
    modifiers: [],
    values,
    link: 'or',
  }));
  return { link: 'or', items, span: item.span };
}

function hashIn(text: string): { name: string; hash: string } {
  const bare = (one: string): string => one.replace(/^[*?]+|[*?]+$/g, '');
  const parts = text.split(text.includes('|') ? '|' : '=');
  if (parts.length === 2)
    return { name: parts[0]!.replace(/^\*+/, '').toUpperCase(), hash: bare(parts[1]!) };
  const hash = bare(parts[0]!);
  return { name: HASH_LENGTHS[hash.length] ?? '', hash };
}

/** Named groups of a pattern as fields of their own. */
function extracted(step: PipelineItem, item: Item): Part {
  if (!item.values.every(({ kind }) => kind === 'text')) return item;
  const { regex, field_prefix: prefix, preserve_unmatched: keeps } = step.parameters;
  const pattern = pipelinePattern(`^(?:${String(regex)})`, step);
  const made = (item.values as (SigmaValue & { kind: 'text' })[]).flatMap((value): Part[] => {
    const groups = pattern.exec(plainText(value.parts))?.groups;
    if (groups === undefined)
      return keeps === true ? [{ ...item, modifiers: [], values: [value], link: 'or' }] : [];
    const items = Object.entries(groups)
      .filter(([, text]) => text !== undefined && text !== '')
      .map(([name, text]): Item => ({
        ...item,
        field: typeof prefix === 'string' ? `${prefix}.${name}` : name,
        modifiers: [],
        values: [extractedValue(text)],
        link: 'or',
      }));
    return items.length === 0 ? [] : [{ link: 'and', items, span: item.span }];
  });
  const [only] = made;
  if (only === undefined) return item;
  return made.length === 1 ? only : { link: item.link, items: made, span: item.span };
}

function extractedValue(text: string): SigmaValue {
  if (/^(?:null|none)$/i.test(text)) return { kind: 'null' };
  const isNumber = text === '0' || (!text.startsWith('0') && /^-?\d+(?:\.\d+)?$/.test(text));
  return isNumber ? { kind: 'number', number: Number(text) } : textValue(text);
}
