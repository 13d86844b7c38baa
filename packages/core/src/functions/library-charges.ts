// What functions of `utils` cost a rule: taken before they work, in proportion to what they are given.
import { callNumber, charge, grow, read, TEXT_MAX, write } from './budget.ts';
import { isReader } from './conversions.ts';
import { isOfPatternLength } from './patterns.ts';

const DEPTH_MAX = 64;

/** Characters and values that a value holds, as functions of `utils` go through it; each is charged once. */
export function chargeValue(value: unknown, depth = 0): number {
  if (typeof value === 'string') {
    read(value.length);
    return value.length;
  }
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return 1;
  const parts: readonly unknown[] = Array.isArray(value)
    ? (value as unknown[])
    : Object.values(isReader(value) ? (value.whole() as object) : value);
  charge(1 + (parts.length >> 2));
  grow(parts.length * 8);
  let size = parts.length;
  for (const part of parts) size += chargeValue(part, depth + 1);
  return size;
}

/** How many texts or numbers a constant of a call is: each may be looked for in each text. */
const countOf = (value: unknown): number => (Array.isArray(value) ? Math.max(1, value.length) : 1);

/** Besides reading what they are given, in steps and bytes; `size` is that of the first value. */
const EXTRA: Readonly<Record<string, (size: number, values: readonly unknown[]) => void>> = {
  editDistance: (size, [, other]) => {
    const width = Math.min(1000, typeof other === 'string' ? other.length : 20);
    charge((Math.min(1000, size) * width) >> 5);
    grow(128 + width * 2);
  },
  base64Decode: (size) => {
    written(size, 3);
    grow(size * 24);
  },
  hexDecode: (size) => written(size, 3),
  urlDecode: (size) => written(size, 1),
  includesIgnoreCase: lowered,
  startsWithIgnoreCase: lowered,
  endsWithIgnoreCase: lowered,
  equalsIgnoreCase: lowered,
  lower: (size) => write(Math.min(size, TEXT_MAX)),
  accountName: (size) => write(Math.min(size, TEXT_MAX)),
  hostOf: (size) => write(Math.min(size, TEXT_MAX)),
  sha256: (size) => written(size + 64, 3),
  entropy: (size) => written(size, 3),
  // The densest JSON, `[{},{},…]`, makes some twenty bytes of a character.
  parseJson: (size) => {
    charge(Math.floor(size / 8));
    grow(1024 + size * 24);
  },
  parseTime: (size) => {
    charge(4 + Math.floor(size / 32));
    grow(1024);
  },
  inCidr: (_size, [, networks]) => addresses(countOf(networks)),
  isPrivateIp: () => addresses(1),
  domainOf: () => addresses(1),
  glob,
  like: wildcards,
  anywhere: wildcards,
};

/** A text is made of small letters. */
function lowered(size: number): void {
  grow(64 + size * 2);
}

/** `per`: characters that are read and written in a step, as a power of two. */
function written(size: number, per: number): void {
  charge(1 + Math.floor(size / 2 ** per));
  grow(64 + size * 16);
}

/** Address and networks are read anew, each network for each call. */
function addresses(networks: number): void {
  charge(4 + networks * 4);
  grow(1024 + networks * 4608);
}

/** For each pattern; see `wildcard`. */
function wildcards(size: number, [, patterns]: readonly unknown[]): void {
  charge(Math.floor(size / 32));
  lowered(size * 2);
  for (const pattern of Array.isArray(patterns) ? (patterns as unknown[]) : [patterns])
    if (typeof pattern === 'string') wildcard(size, pattern);
}

/**
 * A pattern with `*` may be tried at every place of the text, so it costs up to one length times the other: where it also
 * has `?`, some 3 ns for each; else V8 looks for its pieces.
 */
function wildcard(size: number, pattern: string): void {
  grow(512 + pattern.length * 64);
  const looks = size * Math.min(pattern.length, size);
  charge(Math.floor(pattern.includes('?') ? looks / 64 : size > 256 ? looks / 4096 : 0));
}

/** As `wildcards`, of a pattern that is gone through by hand, whatever it holds. */
function glob(size: number, [, pattern]: readonly unknown[]): void {
  charge(Math.floor(size / 32));
  if (typeof pattern !== 'string') return;
  grow(512 + (size + pattern.length) * 4);
  charge(Math.floor((size * Math.min(pattern.length, size)) / 64));
}

/** Charges a call of a function of `utils` that may be in a loop. Gives the size of all values but the first. */
export function chargeCall(name: string, values: readonly unknown[]): number {
  const size = chargeValue(values[0]);
  let others = 1;
  let othersSize = 0;
  for (let i = 1; i < values.length; i++) {
    othersSize += chargeValue(values[i]);
    others *= countOf(values[i]);
  }
  charge(1 + Math.floor((size * others) / 256));
  EXTRA[name]?.(size, values);
  return othersSize;
}

/** As `chargeCall`, where nothing is ready: what constants are made ready for is made for this call. */
export function chargeWholeCall(name: string, values: readonly unknown[]): void {
  const othersSize = chargeCall(name, values);
  charge(3 + (othersSize >> 6));
  grow(256 + othersSize * 2);
  chargePatterns(name, values);
}

/** Functions whose second value is a pattern or a list of them, and whose third is flags. */
export const OF_PATTERNS: ReadonlySet<string> = new Set(['find', 'matches', 'findAnywhere']);
/** A short pattern takes some 50 µs to compile, and half a µs for each character. */
const PATTERN_STEPS = 2000;
const PATTERN_BYTES = 16 * 1024;

const patternsAsked = new Set<string>();
let askedInCall = 0;

/** Charges for patterns that are only known when a function is called: once in each call of the rule, kept or not. */
function chargePatterns(name: string, [, patterns, flags]: readonly unknown[]): void {
  if (!OF_PATTERNS.has(name)) return;
  if (askedInCall !== callNumber()) {
    patternsAsked.clear();
    askedInCall = callNumber();
  }
  const flagsText = typeof flags === 'string' ? flags : '';
  for (const source of Array.isArray(patterns) ? (patterns as unknown[]) : [patterns]) {
    if (typeof source !== 'string' || !isOfPatternLength(source, flagsText)) continue;
    const key = `${flagsText}/${source}`;
    if (patternsAsked.has(key)) continue;
    charge(PATTERN_STEPS + source.length * 8);
    grow(PATTERN_BYTES + source.length * 128);
    patternsAsked.add(key);
  }
}
