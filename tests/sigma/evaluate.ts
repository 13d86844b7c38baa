/**
 * A slow evaluator of Sigma, written from the specification and docs/sigma.md alone: it walks the YAML's plain value
 * for every event, and shares nothing with the compiler.
 */
type Fields = { readonly [name: string]: unknown };

/** A wildcard put around a value; a star would be escaped by a backslash at the value's end. */
const ANY = '\ue000';

/** Does the rule hold for the event? Its log source is not asked. */
export function matchesSigma(rule: Fields, event: Fields): boolean {
  const { condition, timeframe: _timeframe, ...searches } = rule['detection'] as Fields;
  const conditions = Array.isArray(condition) ? (condition as string[]) : [condition as string];
  const holds = (name: string): boolean => searchHolds(searches[name], event);
  return conditions.some((one) => conditionHolds(one, Object.keys(searches), holds));
}

// ---- conditions --------------------------------------------------------------------------------------------------

/** By rewriting: names become T or F, brackets are worked out from the innermost. */
function conditionHolds(
  text: string,
  names: readonly string[],
  holds: (name: string) => boolean,
): boolean {
  const quantified = text.replace(
    /\b(all|any|\d+) +of +([^\s()]+)/gi,
    (_, quantity: string, pattern: string) => {
      const meant = names.filter((name) =>
        pattern.toLowerCase() === 'them' ? !name.startsWith('_') : nameMatches(name, pattern),
      );
      const count = meant.filter(holds).length;
      const needed =
        quantity.toLowerCase() === 'all'
          ? meant.length
          : quantity.toLowerCase() === 'any'
            ? 1
            : Number(quantity);
      return count >= needed ? ' T ' : ' F ';
    },
  );
  let now = quantified.replace(/[^\s()]+/g, (word) =>
    /^(?:and|or|not|T|F)$/i.test(word) ? word.toUpperCase() : holds(word) ? 'T' : 'F',
  );
  for (let before = ''; before !== now;) {
    before = now;
    now = now.replace(/\(([^()]*)\)/g, (_, inner: string) => ` ${flatHolds(inner) ? 'T' : 'F'} `);
  }
  return flatHolds(now);
}

/** Without brackets: `not` before `and` before `or`. */
const flatHolds = (text: string): boolean =>
  text.split(/\bOR\b/).some((part) =>
    part.split(/\bAND\b/).every((one) => {
      const nots = one.match(/\bNOT\b/g)?.length ?? 0;
      return /\bT\b/.test(one) === (nots % 2 === 0);
    }),
  );

function nameMatches(name: string, pattern: string): boolean {
  if (pattern === '') return name === '';
  if (pattern.startsWith('*'))
    return (
      nameMatches(name, pattern.slice(1)) || (name !== '' && nameMatches(name.slice(1), pattern))
    );
  return name[0] === pattern[0] && nameMatches(name.slice(1), pattern.slice(1));
}

// ---- detections --------------------------------------------------------------------------------------------------

function searchHolds(search: unknown, event: Fields): boolean {
  if (Array.isArray(search)) return search.some((one) => searchHolds(one, event));
  if (typeof search === 'object' && search !== null)
    return Object.entries(search).every(([key, value]) => lineHolds(key, value, event));
  return keywordHolds(search, event);
}

function lineHolds(key: string, given: unknown, event: Fields): boolean {
  const [field = '', ...modifiers] = key.split('|');
  const values: unknown[] = Array.isArray(given) ? given : [given];
  const one = (value: unknown): boolean =>
    field === ''
      ? keywordHolds(value, event)
      : valueHolds(value, modifiers, fieldOf(event, field), event);
  if (modifiers.includes('neq')) {
    const found = fieldOf(event, field);
    return found !== undefined && found !== null && !linked(values, modifiers, one);
  }
  return linked(values, modifiers, one);
}

const linked = (
  values: readonly unknown[],
  modifiers: readonly string[],
  one: (value: unknown) => boolean,
): boolean => (modifiers.includes('all') ? values.every(one) : values.some(one));

/** The flat name first, then shorter ones with what lies below. */
function fieldOf(fields: unknown, name: string): unknown {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return undefined;
  if (Object.hasOwn(fields, name)) return (fields as Fields)[name];
  const steps = name.split('.');
  for (let taken = steps.length - 1; taken > 0; taken--) {
    const inner = (fields as Fields)[steps.slice(0, taken).join('.')];
    const found = fieldOf(inner, steps.slice(taken).join('.'));
    if (found !== undefined) return found;
  }
  return undefined;
}

function keywordHolds(keyword: unknown, event: unknown): boolean {
  if (typeof event === 'object' && event !== null)
    return Object.values(event).some((value) => keywordHolds(keyword, value));
  const text = textOf(event);
  return text !== undefined && wildcardMatches(`${ANY}${String(keyword)}${ANY}`, text, false);
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  const isDecimal = typeof value === 'string' && /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value);
  return isDecimal ? Number(value) : Number.NaN;
}

const TIME_PARTS = ['minute', 'hour', 'day', 'week', 'month', 'year'];

function valueHolds(
  wanted: unknown,
  modifiers: readonly string[],
  found: unknown,
  event: Fields,
): boolean {
  const has = (modifier: string): boolean => modifiers.includes(modifier);
  if (has('exists')) return (found !== undefined && found !== null) === wanted;
  const changesText = ['contains', 'startswith', 'endswith', 'base64', 'base64offset', 'windash'];
  if (wanted === null && !changesText.some(has)) return found === undefined || found === null;
  if (Array.isArray(found)) return found.some((one) => valueHolds(wanted, modifiers, one, event));
  if (found === undefined || found === null) return false;
  if (has('fieldref')) return fieldReferenceHolds(wanted, modifiers, found, event);
  const text = textOf(found);
  if (has('re')) return text !== undefined && patternFound(String(wanted), modifiers, text);
  if (has('cidr')) return text !== undefined && inNetwork(text, String(wanted));
  if (has('gt')) return numberOf(found) > Number(wanted);
  if (has('gte')) return numberOf(found) >= Number(wanted);
  if (has('lt')) return numberOf(found) < Number(wanted);
  if (has('lte')) return numberOf(found) <= Number(wanted);
  const part = TIME_PARTS.find(has);
  if (part !== undefined) return text !== undefined && timePart(text, part) === Number(wanted);
  const isPlain = !changesText.some(has) && !['wide', 'utf16le', 'utf16be', 'utf16'].some(has);
  if (typeof wanted === 'number' && isPlain) return numberOf(found) === wanted;
  if (typeof wanted === 'boolean' && isPlain)
    return (
      found === wanted || (typeof found === 'string' && found.toLowerCase() === String(wanted))
    );
  if (text === undefined) return false;
  return patternsOf(String(wanted), modifiers).some((pattern) =>
    wildcardMatches(pattern, text, has('cased')),
  );
}

/** `(?i)` at the beginning of a pattern is the flag. */
function patternFound(pattern: string, modifiers: readonly string[], text: string): boolean {
  const flags = new Set(modifiers.filter((modifier) => ['i', 'm', 's'].includes(modifier)));
  if (pattern.startsWith('(?i)')) flags.add('i');
  return new RegExp(pattern.replace(/^\(\?i\)/, ''), [...flags].join('')).test(text);
}

function fieldReferenceHolds(
  name: unknown,
  modifiers: readonly string[],
  found: unknown,
  event: Fields,
): boolean {
  const others = fieldOf(event, String(name));
  const list: unknown[] = Array.isArray(others) ? others : [others];
  const fold = (text: string): string => (modifiers.includes('cased') ? text : text.toLowerCase());
  const own = textOf(found);
  return list.some((one) => {
    const other = textOf(one);
    if (own === undefined || other === undefined) return false;
    const [a, b] = [fold(own), fold(other)];
    if (modifiers.includes('contains')) return a.includes(b);
    if (modifiers.includes('startswith')) return a.startsWith(b);
    return modifiers.includes('endswith') ? a.endsWith(b) : a === b;
  });
}

// ---- text --------------------------------------------------------------------------------------------------------

/** Patterns that a value becomes by its modifiers, in their order. */
function patternsOf(value: string, modifiers: readonly string[]): string[] {
  let bytes: Buffer | null = null;
  let patterns = [value];
  for (const modifier of modifiers) {
    const raw = (): Buffer => bytes ?? Buffer.from(unescaped(patterns[0]!), 'utf8');
    if (modifier === 'wide' || modifier === 'utf16le')
      bytes = Buffer.from(unescaped(patterns[0]!), 'utf16le');
    else if (modifier === 'utf16be')
      bytes = Buffer.from(unescaped(patterns[0]!), 'utf16le').swap16();
    else if (modifier === 'utf16')
      bytes = Buffer.from(`\ufeff${unescaped(patterns[0]!)}`, 'utf16le');
    else if (modifier === 'base64') patterns = [escaped(raw().toString('base64'))];
    else if (modifier === 'base64offset') patterns = offsetsOf(raw()).map(escaped);
    else if (modifier === 'windash') patterns = patterns.flatMap(dashed);
    else if (modifier === 'contains') patterns = patterns.map((one) => `${ANY}${one}${ANY}`);
    else if (modifier === 'startswith') patterns = patterns.map((one) => `${one}${ANY}`);
    else if (modifier === 'endswith') patterns = patterns.map((one) => `${ANY}${one}`);
    if (modifier === 'base64' || modifier === 'base64offset') bytes = null;
    else if (bytes !== null && !['wide', 'utf16le', 'utf16be', 'utf16'].includes(modifier))
      throw new Error('bytes without base64');
  }
  return bytes === null ? patterns : [escaped((bytes as Buffer).toString('latin1'))];
}

const escaped = (text: string): string => text.replace(/[\\*?]/g, '\\$&');
const unescaped = (text: string): string => text.replace(/\\([\\*?])/g, '$1');

function offsetsOf(bytes: Buffer): string[] {
  return [0, 1, 2]
    .map((offset) => {
      const encoded = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
      const start = [0, 2, 3][offset];
      const end = [undefined, -3, -2][(bytes.length + offset) % 3];
      return encoded.slice(start, end);
    })
    .filter((text) => text !== '');
}

function dashed(text: string): string[] {
  const at = /\B[-/]\b/.exec(text);
  if (at === null) return [text];
  const before = text.slice(0, at.index);
  // What follows stands after a dash: that it begins a word was found here.
  const rests = dashed(`\u0000${text.slice(at.index + 1)}`).map((rest) => rest.slice(1));
  return ['-', '/', '\u2013', '\u2014', '\u2015'].flatMap((dash) =>
    rests.map((rest) => before + dash + rest),
  );
}

/** One character after the other, trying everything; `*` any text, `?` one code point, `\` before `*?\` that character. */
function wildcardMatches(pattern: string, text: string, isCased: boolean): boolean {
  const wanted = tokensOf(isCased ? pattern : pattern.toLowerCase());
  const given = [...(isCased ? text : text.toLowerCase())];
  let reachable = new Set([0]);
  for (const token of wanted) {
    const next = new Set<number>();
    for (const at of reachable) {
      if (token === '*') for (let end = at; end <= given.length; end++) next.add(end);
      else if (at < given.length && (token === '?' || given[at] === token.slice(1)))
        next.add(at + 1);
    }
    reachable = next;
  }
  return reachable.has(given.length);
}

/** `*`, `?`, and `=x` for the character x. */
function tokensOf(pattern: string): string[] {
  const tokens: string[] = [];
  const letters = [...pattern];
  for (let i = 0; i < letters.length; i++) {
    const letter = letters[i]!;
    const next = letters[i + 1];
    if (letter === '\\' && next !== undefined && '\\*?'.includes(next))
      tokens.push(`=${letters[++i]}`);
    else if (letter === ANY) tokens.push('*');
    else tokens.push(letter === '*' || letter === '?' ? letter : `=${letter}`);
  }
  return tokens;
}

// ---- addresses and times -----------------------------------------------------------------------------------------

function inNetwork(text: string, network: string): boolean {
  const [base = '', length] = network.split('/');
  const [a, b] = [bitsOf(text), bitsOf(base)];
  if (a === null || b === null || a.length !== b.length) return false;
  const bits = length === undefined ? b.length : Number(length);
  return a.slice(0, bits) === b.slice(0, bits);
}

function bitsOf(address: string): string | null {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(address)) {
    const bytes = address.split('.');
    if (bytes.some((byte) => Number(byte) > 255 || String(Number(byte)) !== byte)) return null;
    return bytes.map((byte) => Number(byte).toString(2).padStart(8, '0')).join('');
  }
  if (!/^[0-9a-fA-F:]+$/.test(address) || !address.includes(':')) return null;
  const [head = '', tail] = address.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const missing = 8 - groups(head).length - groups(tail ?? '').length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  const all = [
    ...groups(head),
    ...Array<string>(tail === undefined ? 0 : missing).fill('0'),
    ...groups(tail ?? ''),
  ];
  return all.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('');
}

function timePart(text: string, part: string): number {
  if (!/^\d{4}-\d\d-\d\d[T ]/.test(text)) return Number.NaN;
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return Number.NaN;
  switch (part) {
    case 'minute':
      return time.getUTCMinutes();
    case 'hour':
      return time.getUTCHours();
    case 'day':
      return time.getUTCDate();
    case 'month':
      return time.getUTCMonth() + 1;
    case 'year':
      return time.getUTCFullYear();
    default: {
      // The week of ISO 8601: count the Thursdays of the year up to this week's.
      const thursday = new Date(time);
      thursday.setUTCDate(time.getUTCDate() + 4 - (time.getUTCDay() || 7));
      let count = 0;
      const day = new Date(thursday);
      for (
        ;
        day.getUTCFullYear() === thursday.getUTCFullYear();
        day.setUTCDate(day.getUTCDate() - 7)
      )
        count++;
      return count;
    }
  }
}
