/**
 * Text with wildcards as Sigma writes it: `*` stands for any text, `?` for one character; `\*`, `\?` and `\\` are
 * these characters themselves, and a backslash before anything else is a backslash.
 * Source: Sigma rules specification 2.1, "String wildcard" and "Escaping".
 */
export type WildcardPart = string | typeof ANY | typeof ONE;
export const ANY = Symbol('any text');
export const ONE = Symbol('one character');

/** Neighbouring texts are one part; no part is ''. */
export function parseWildcards(text: string): WildcardPart[] {
  const parts: WildcardPart[] = [];
  let plain = '';
  const flush = (): void => {
    if (plain !== '') parts.push(plain);
    plain = '';
  };
  for (let i = 0; i < text.length; i++) {
    const code = text[i]!;
    const next = text[i + 1];
    if (code === '\\' && (next === '*' || next === '?' || next === '\\')) {
      plain += next;
      i++;
    } else if (code === '*' || code === '?') {
      flush();
      parts.push(code === '*' ? ANY : ONE);
    } else plain += code;
  }
  flush();
  return parts;
}

/** Text that `parseWildcards` reads as these parts. */
export function printWildcards(parts: readonly WildcardPart[]): string {
  return parts
    .map((part) =>
      part === ANY ? '*' : part === ONE ? '?' : (part as string).replace(/[\\*?]/g, '\\$&'),
    )
    .join('');
}

/**
 * A test for whole texts. Costs at most length of the text times length of the pattern; a `*` takes as little as it
 * can, so it never goes back further than to the last one.
 */
export function wildcardTest(parts: readonly WildcardPart[]): (text: string) => boolean {
  const segments: (string | typeof ONE)[][] = [[]];
  for (const part of parts) {
    if (part === ANY) segments.push([]);
    else segments.at(-1)!.push(part as string | typeof ONE);
  }
  const first = segments[0]!;
  if (segments.length === 1) return (text) => endOfMatch(text, 0, first) === text.length;
  const last = segments.at(-1)!;
  const middle = segments.slice(1, -1).filter((segment) => segment.length > 0);
  return (text) => {
    let at = endOfMatch(text, 0, first);
    for (const segment of middle) {
      if (at < 0) return false;
      at = endOfFirst(text, at, segment);
    }
    return at >= 0 && endsWithSegment(text, at, last);
  };
}

/** Where a segment that begins at `at` ends; -1: it does not begin there. */
function endOfMatch(text: string, at: number, segment: readonly (string | typeof ONE)[]): number {
  let end = at;
  for (const part of segment) {
    if (part === ONE) {
      if (end >= text.length) return -1;
      end += text.codePointAt(end)! > 0xffff ? 2 : 1;
    } else {
      if (!text.startsWith(part, end)) return -1;
      end += part.length;
    }
  }
  return end;
}

/** Where the leftmost match of a segment from `from` on ends; -1: there is none. */
function endOfFirst(text: string, from: number, segment: readonly (string | typeof ONE)[]): number {
  const head = segment[0];
  for (let at = from; at <= text.length; at++) {
    if (typeof head === 'string') {
      at = text.indexOf(head, at);
      if (at < 0) return -1;
    }
    const end = endOfMatch(text, at, segment);
    if (end >= 0) return end;
  }
  return -1;
}

function endsWithSegment(
  text: string,
  from: number,
  segment: readonly (string | typeof ONE)[],
): boolean {
  if (segment.length === 0) return true;
  if (segment.length === 1 && typeof segment[0] === 'string')
    return text.endsWith(segment[0]) && text.length - segment[0].length >= from;
  for (let at = from; at <= text.length; at++)
    if (endOfMatch(text, at, segment) === text.length) return true;
  return false;
}
