/** What the modifiers of an item make of its values. Source: Sigma modifiers specification 2.1. */
import { ANY, parseWildcards } from '../../functions/wildcard-text.ts';
import { parseNetwork } from '../../functions/addresses.ts';
import { refusePattern } from '../../functions/patterns.ts';
import { utf8Of } from '../../functions/utf8.ts';
import type { Span } from '../../plan/diagnostic.ts';
import { nearest } from '../diagnostics/nearest.ts';
import { javascriptPattern } from './javascript-pattern.ts';
import type { SigmaValue, TextPart, TimePart } from './sigma-rule.ts';
import { SigmaProblem } from './sigma-problem.ts';

/** A value as the YAML has it. */
export type RawValue = string | number | boolean | null;

const TIME_PARTS: readonly TimePart[] = ['minute', 'hour', 'day', 'week', 'month', 'year'];
const COMPARISONS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;
const FLAGS: Readonly<Record<string, string>> = {
  i: 'i',
  ignorecase: 'i',
  m: 'm',
  multiline: 'm',
  s: 's',
  dotall: 's',
};

/** Modifiers of which an item may have one: they say how a value is compared. */
const WAYS = [
  'contains',
  'startswith',
  'endswith',
  're',
  'cidr',
  'exists',
  ...Object.keys(COMPARISONS),
  ...TIME_PARTS,
];
const ENCODINGS = ['wide', 'utf16le', 'utf16be', 'utf16', 'base64', 'base64offset'];

export const MODIFIERS: readonly string[] = [
  ...WAYS,
  ...Object.keys(FLAGS),
  ...ENCODINGS,
  'all',
  'cased',
  'expand',
  'fieldref',
  'neq',
  'windash',
];

/** Refuses modifiers that are not known or contradict each other. */
export function checkModifiers(modifiers: readonly string[], span: Span): void {
  const fail = (message: string, correction?: string): never => {
    throw new SigmaProblem('E610', message, span, correction);
  };
  for (const [i, modifier] of modifiers.entries()) {
    if (!MODIFIERS.includes(modifier))
      fail(`there is no modifier \`${modifier}\``, nearest(modifier, MODIFIERS));
    if (modifiers.indexOf(modifier) < i) fail(`\`${modifier}\` is given twice`);
  }
  const has = (name: string): boolean => modifiers.includes(name);
  const ways = modifiers.filter((modifier) => WAYS.includes(modifier));
  if (ways.length > 1) fail(`\`${ways[0]}\` and \`${ways[1]}\` contradict each other`);
  const isText = !ways.some((way) => !['contains', 'startswith', 'endswith'].includes(way));
  const changed = modifiers.find((name) => ENCODINGS.includes(name) || name === 'windash');
  if (changed !== undefined && (!isText || has('fieldref')))
    fail(`\`${changed}\` changes text, and \`${ways[0] ?? 'fieldref'}\` is not asked of text`);
  if (has('base64') && has('base64offset'))
    fail('`base64` and `base64offset` contradict each other');
  const flag = modifiers.find((name) => name in FLAGS);
  if (flag !== undefined && !has('re')) fail(`\`${flag}\` is a flag of \`re\``, `re|${flag}`);
}

/** The values of an item after its modifiers. */
export function applyModifiers(
  raw: RawValue,
  modifiers: readonly string[],
  span: Span,
): SigmaValue {
  const has = (name: string): boolean => modifiers.includes(name);
  const fail = (message: string, correction?: string): never => {
    throw new SigmaProblem('E611', message, span, correction);
  };
  const isCased = has('cased');
  if (has('exists')) {
    if (typeof raw !== 'boolean') return fail('`exists` takes true or false', 'true');
    return { kind: 'exists', exists: raw };
  }
  if (has('fieldref')) {
    if (typeof raw !== 'string' || raw === '') return fail('`fieldref` takes the name of a field');
    const holds = (['contains', 'startswith', 'endswith'] as const).find(has) ?? 'equals';
    return { kind: 'field', field: raw, holds, isCased };
  }
  if (has('re')) return regexOf(raw, modifiers, fail);
  if (has('cidr')) {
    if (typeof raw !== 'string' || parseNetwork(raw) === null)
      return fail(`${JSON.stringify(raw)} is not a network`, '10.0.0.0/8');
    return { kind: 'cidr', network: raw };
  }
  const comparison = (Object.keys(COMPARISONS) as (keyof typeof COMPARISONS)[]).find(has);
  if (comparison !== undefined)
    return { kind: 'compare', operator: COMPARISONS[comparison], number: numberOf(raw, fail) };
  const part = TIME_PARTS.find(has);
  if (part !== undefined) return { kind: 'time', part, number: numberOf(raw, fail) };
  return textValue(raw, modifiers, isCased, fail);
}

type Fail = (message: string, correction?: string) => never;

function numberOf(raw: RawValue, fail: Fail): number {
  const number = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw;
  return typeof number === 'number' && Number.isFinite(number)
    ? number
    : fail(`${JSON.stringify(raw)} is not a number`);
}

function regexOf(raw: RawValue, modifiers: readonly string[], fail: Fail): SigmaValue {
  if (raw === null || raw === '') return fail('`re` takes a regular expression');
  const given = modifiers.map((modifier) => FLAGS[modifier] ?? '').join('');
  const { source, flags } = javascriptPattern(String(raw), given);
  const refused = refusePattern(source, flags);
  if (refused !== null) return fail(`the regular expression is refused: ${refused}`);
  return { kind: 'regex', source, flags };
}

function textValue(
  raw: RawValue,
  modifiers: readonly string[],
  isCased: boolean,
  fail: Fail,
): SigmaValue {
  const way = ['contains', 'startswith', 'endswith'].find((name) => modifiers.includes(name));
  const changes = modifiers.filter(
    (name) => ENCODINGS.includes(name) || name === 'windash' || name === 'expand',
  );
  if (way === undefined && changes.length === 0 && typeof raw !== 'string') {
    if (raw === null) return { kind: 'null' };
    return typeof raw === 'number'
      ? { kind: 'number', number: raw }
      : { kind: 'boolean', boolean: raw };
  }
  if (raw === null) return fail(`\`${way ?? changes[0]}\` takes text, not null`);
  let drafts: Draft[] = [typeof raw === 'string' ? parseWildcards(raw) : [String(raw)]];
  // In the order in which they are written, as each works on what the one before gave.
  for (const modifier of modifiers) {
    if (modifier === way) drafts = drafts.map((draft) => placed(partsOf(draft), modifier));
    else if (changes.includes(modifier))
      drafts = drafts.flatMap((draft) => changed(draft, modifier, fail));
  }
  const values = drafts.map((draft): SigmaValue => ({
    kind: 'text',
    parts: partsOf(draft),
    isCased,
  }));
  return values.length === 1 ? values[0]! : { kind: 'any', of: values };
}

/** Text on its way through modifiers; bytes after an encoding. */
type Draft = readonly TextPart[] | Uint8Array;

/** Bytes that nothing encoded further are text of one byte a character. */
const partsOf = (draft: Draft): readonly TextPart[] =>
  draft instanceof Uint8Array ? [String.fromCharCode(...draft)] : draft;

function changed(draft: Draft, modifier: string, fail: Fail): Draft[] {
  if (modifier === 'windash') return dashVariants(partsOf(draft), fail);
  if (modifier === 'expand') return [placeholdersIn(partsOf(draft))];
  const bytes = draft instanceof Uint8Array ? draft : utf8Of(plainOf(draft, fail));
  if (modifier === 'base64') return [[base64Of(bytes)]];
  if (modifier === 'base64offset') return base64Offsets(bytes);
  return [utf16Of(plainOf(partsOf(draft), fail), modifier)];
}

function placed(parts: readonly TextPart[], way: string): TextPart[] {
  const before = way !== 'startswith' && parts[0] !== ANY ? [ANY as TextPart] : [];
  const after = way !== 'endswith' && parts.at(-1) !== ANY ? [ANY as TextPart] : [];
  return [...before, ...parts, ...after];
}

const DASHES = ['-', '/', '\u2013', '\u2014', '\u2015'];
const VARIANTS_MAX = 3125;

/** Every dash or slash at the beginning of a word may be any of the five, in all combinations. */
function dashVariants(parts: readonly TextPart[], fail: Fail): TextPart[][] {
  let variants: TextPart[][] = [[]];
  for (const part of parts) {
    const pieces: TextPart[][] =
      typeof part === 'string' ? dashTexts(part, fail).map((text) => [text]) : [[part]];
    if (variants.length * pieces.length > VARIANTS_MAX) fail('too many dashes for `windash`');
    variants = variants.flatMap((one) => pieces.map((piece) => [...one, ...piece]));
  }
  return variants;
}

function dashTexts(text: string, fail: Fail): string[] {
  const pieces = text.split(/\B[-/]\b/);
  if (DASHES.length ** (pieces.length - 1) > VARIANTS_MAX) fail('too many dashes for `windash`');
  return pieces
    .slice(1)
    .reduce(
      (texts, piece) => texts.flatMap((one) => DASHES.map((dash) => `${one}${dash}${piece}`)),
      [pieces[0]!],
    );
}

/** `%name%` in text. */
function placeholdersIn(parts: readonly TextPart[]): TextPart[] {
  return parts.flatMap((part): TextPart[] => {
    if (typeof part !== 'string') return [part];
    return part
      .split(/%([^%\s]+)%/)
      .map((piece, i): TextPart => (i % 2 === 1 ? { placeholder: piece } : piece))
      .filter((piece) => piece !== '');
  });
}

function plainOf(parts: readonly TextPart[], fail: Fail): string {
  return parts
    .map((part) =>
      typeof part === 'string'
        ? part
        : fail('text that is encoded may have neither wildcards nor placeholders'),
    )
    .join('');
}

/** `wide` and `utf16le`; `utf16be`; `utf16` with a byte order mark. */
function utf16Of(text: string, encoding: string): Uint8Array {
  const marked = encoding === 'utf16' ? `\ufeff${text}` : text;
  const bytes = new Uint8Array(marked.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < marked.length; i++)
    view.setUint16(i * 2, marked.charCodeAt(i), encoding !== 'utf16be');
  return bytes;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** RFC 4648 section 4. */
function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a, b, c] = [bytes[i]!, bytes[i + 1], bytes[i + 2]];
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    text += ALPHABET[bits >> 18]! + ALPHABET[(bits >> 12) & 63]!;
    text += b === undefined ? '=' : ALPHABET[(bits >> 6) & 63]!;
    text += c === undefined ? '=' : ALPHABET[bits & 63]!;
  }
  return text;
}

/** What of the value is sure to stand in base64 text, wherever in a group of three bytes the value begins. */
function base64Offsets(bytes: Uint8Array): Draft[] {
  const found: Draft[] = [];
  for (let offset = 0; offset < 3; offset++) {
    const padded = new Uint8Array(offset + bytes.length);
    padded.set(bytes, offset);
    // Characters that hold bits of what stands before or after.
    const from = [0, 2, 3][offset]!;
    const less = [0, 3, 2][padded.length % 3]!;
    const text = base64Of(padded);
    const piece = text.slice(from, text.length - less);
    if (piece !== '') found.push([piece]);
  }
  return found;
}
