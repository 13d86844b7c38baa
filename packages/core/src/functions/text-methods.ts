import { charge, grow, joined, list, read, TEXT_MAX, touch, write } from './budget.ts';
import { plainText, whole } from './conversions.ts';

/** Steps that a search for a text in another one takes besides reading both: V8 may compare at every place. */
function search(text: string, part: string): void {
  read(text.length);
  read(part.length);
  charge(text.length >> 6);
  if (part.length > 8 && text.length > 1024)
    charge(Math.floor((text.length * Math.min(part.length, 250)) / 32_768));
}

/** How often the part stands in the text, the places one after the other. */
function occurrences(text: string, part: string): number {
  if (part === '') return text.length + 1;
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
}

/** Takes what replacing `count` parts of the text costs. `$'` and the like each stand for a piece of the text. */
function chargeReplaced(text: string, part: string, by: string, count: number): void {
  const places = by.includes('$') ? occurrences(by, '$') : 0;
  const length = text.length + count * (by.length - part.length + places * text.length);
  charge(count);
  grow(count * 64);
  write(length);
}

/** A piece of a text: V8 keeps the whole text and the place, or copies up to 12 characters. */
function piece(text: string): void {
  touch(text.length);
  grow(32);
}

/** A text made of all characters of another one. */
function remade(text: string): void {
  touch(text.length);
  write(text.length);
}

function padded(text: string, length: unknown, by: unknown): [number, string | undefined] {
  const wanted = whole(length) ?? 0;
  joined(Math.max(text.length, wanted > TEXT_MAX ? wanted : Math.trunc(wanted) || 0));
  read(Math.min(TEXT_MAX, Math.max(0, wanted || 0)));
  if (by === undefined) return [wanted, undefined];
  // However little of it is needed, V8 copies it into one piece first.
  const filling = plainText(by);
  read(filling.length);
  return [wanted, filling];
}

/** Methods of text by name, as functions of the text. */
export const textMethods = Object.freeze({
  toLowerCase: (text: string) => {
    remade(text);
    return text.toLowerCase();
  },
  toUpperCase: (text: string) => {
    remade(text);
    // Some letters become two.
    grow(text.length >> 2);
    return text.toUpperCase();
  },
  trim: (text: string) => {
    read(text.length);
    piece(text);
    return text.trim();
  },
  trimStart: (text: string) => {
    read(text.length);
    piece(text);
    return text.trimStart();
  },
  trimEnd: (text: string) => {
    read(text.length);
    piece(text);
    return text.trimEnd();
  },
  includes: (text: string, part: unknown, from?: unknown) => {
    const wanted = plainText(part);
    search(text, wanted);
    return text.includes(wanted, whole(from));
  },
  startsWith: (text: string, part: unknown, from?: unknown) => {
    const wanted = plainText(part);
    touch(text.length);
    read(wanted.length);
    return text.startsWith(wanted, whole(from));
  },
  endsWith: (text: string, part: unknown, to?: unknown) => {
    const wanted = plainText(part);
    touch(text.length);
    read(wanted.length);
    return text.endsWith(wanted, whole(to));
  },
  indexOf: (text: string, part: unknown, from?: unknown) => {
    const wanted = plainText(part);
    search(text, wanted);
    return text.indexOf(wanted, whole(from));
  },
  lastIndexOf: (text: string, part: unknown, from?: unknown) => {
    const wanted = plainText(part);
    read(text.length);
    read(wanted.length);
    // Backwards V8 compares at every place, some 4000 characters in a µs.
    const places = Math.max(0, text.length - wanted.length + 1);
    charge(Math.floor((places * wanted.length) / 512));
    return text.lastIndexOf(wanted, whole(from));
  },
  slice: (text: string, from?: unknown, to?: unknown) => {
    piece(text);
    return text.slice(whole(from), whole(to));
  },
  substring: (text: string, from?: unknown, to?: unknown) => {
    piece(text);
    return text.substring(whole(from) ?? 0, whole(to));
  },
  charAt: (text: string, at?: unknown) => {
    piece(text);
    return text.charAt(whole(at) ?? 0);
  },
  charCodeAt: (text: string, at?: unknown) => {
    touch(text.length);
    return text.charCodeAt(whole(at) ?? 0);
  },
  at: (text: string, at?: unknown) => {
    piece(text);
    return text.at(whole(at) ?? 0);
  },
  split: (text: string, by?: unknown, limit?: unknown) => {
    const most = limit === undefined ? 2 ** 32 - 1 : (whole(limit) ?? 0) >>> 0;
    if (by === undefined) return most === 0 ? [] : [text];
    const wanted = plainText(by);
    search(text, wanted);
    const count = Math.min(most, wanted === '' ? text.length : occurrences(text, wanted) + 1);
    charge(count);
    list(count);
    grow(count * 32);
    return text.split(wanted, most);
  },
  replace: (text: string, part: unknown, by: unknown) => {
    const from = plainText(part);
    const to = plainText(by);
    search(text, from);
    chargeReplaced(text, from, to, 1);
    return text.replace(from, to);
  },
  replaceAll: (text: string, part: unknown, by: unknown) => {
    const from = plainText(part);
    const to = plainText(by);
    search(text, from);
    chargeReplaced(text, from, to, occurrences(text, from));
    return text.replaceAll(from, to);
  },
  concat: (text: string, ...parts: unknown[]) => {
    let made = text;
    for (const part of parts) {
      const more = plainText(part);
      joined(made.length + more.length);
      made += more;
    }
    return made;
  },
  repeat: (text: string, count: unknown) => {
    const times = whole(count) ?? 0;
    if (times > 0) {
      joined(text.length * Math.trunc(times));
      // It is put together of pieces that are doubled.
      grow(64 * Math.ceil(Math.log2(times + 1)));
    }
    return text.repeat(times);
  },
  padStart: (text: string, length: unknown, by?: unknown) =>
    text.padStart(...padded(text, length, by)),
  padEnd: (text: string, length: unknown, by?: unknown) => text.padEnd(...padded(text, length, by)),
  localeCompare: (text: string, other: unknown) => {
    const that = plainText(other);
    read(text.length);
    read(that.length);
    return text < that ? -1 : text > that ? 1 : 0;
  },
  toString: (text: string) => text,
});

export const numberMethods = Object.freeze({
  toFixed: (number: number, digits?: unknown) => {
    charge(4);
    grow(256);
    return number.toFixed(whole(digits));
  },
  toString: (number: number, radix?: unknown) => {
    charge(4);
    grow(2256);
    return number.toString(whole(radix));
  },
});
