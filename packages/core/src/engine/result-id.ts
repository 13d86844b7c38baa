import type { Json } from '../plan/json.ts';
import type { EventName } from '../plan/result.ts';
import { sha256Hex128, sha256Hex128Of } from '../functions/sha256.ts';

const ROOM = 1024;
/** What comes behind the text: padding of the hash. */
const SPARE = 72;
const bytes = new Uint8Array(ROOM + SPARE);
/** Of the text in `bytes`; LONG: it is none that can be written there. */
let length = 0;
const LONG = Number.POSITIVE_INFINITY;

/** Events of a match with the names of their steps: as JSON a list of `[step, source, partition, number, at]`. */
export class StepEvents {
  readonly steps: readonly string[];
  readonly events: readonly { readonly name: EventName }[];

  constructor(steps: readonly string[], events: readonly { readonly name: EventName }[]) {
    this.steps = steps;
    this.events = events;
  }

  toJSON(): Json {
    // The time too: an identity that comes again later than repetitions are looked for is another event.
    return this.events.map(({ name: { source, partition, number, at } }, i) => [
      this.steps[i]!,
      source,
      partition,
      number,
      at,
    ]);
  }

  write(): void {
    write(BRACKET);
    for (let i = 0; i < this.events.length; i++) {
      const { source, partition, number, at } = this.events[i]!.name;
      if (i > 0) write(COMMA);
      write(BRACKET);
      writeText(this.steps[i]!);
      write(COMMA);
      writeText(source);
      write(COMMA);
      writeText(partition);
      write(COMMA);
      writeValue(number);
      write(COMMA);
      writeNumber(at);
      write(BRACKET_END);
    }
    write(BRACKET_END);
  }
}

/**
 * The id of a result: 32 hex digits of SHA-256 over the JSON of what makes the match this one. Names and numbers are short
 * and plain nearly always: their JSON is written as bytes at once, in half the time.
 */
export function resultId(parts: readonly (Json | StepEvents)[]): string {
  length = 0;
  writeList(parts);
  return length === LONG ? sha256Hex128(JSON.stringify(parts)) : sha256Hex128Of(bytes, length);
}

function writeList(list: readonly (Json | StepEvents)[]): void {
  write(BRACKET);
  for (let i = 0; i < list.length; i++) {
    if (i > 0) write(COMMA);
    writeValue(list[i]!);
  }
  write(BRACKET_END);
}

const [BRACKET, BRACKET_END, COMMA, QUOTE, BACKSLASH, ZERO] = [91, 93, 44, 34, 92, 48];

function write(code: number): void {
  if (length < ROOM) bytes[length++] = code;
  else length = LONG;
}

function writeValue(value: Json | StepEvents): void {
  if (typeof value === 'string') writeText(value);
  else if (typeof value === 'number') writeNumber(value);
  else if (Array.isArray(value)) writeList(value as readonly Json[]);
  else if (value instanceof StepEvents) value.write();
  else length = LONG;
}

function writeText(text: string): void {
  if (!(length + text.length + 2 <= ROOM)) {
    length = LONG;
    return;
  }
  let at = length;
  bytes[at++] = QUOTE;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || code > 126 || code === QUOTE || code === BACKSLASH) {
      length = LONG;
      return;
    }
    bytes[at++] = code;
  }
  bytes[at++] = QUOTE;
  length = at;
}

const MILLION = 1_000_000;

function writeNumber(value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 0 && length + 16 <= ROOM)) {
    length = LONG;
    return;
  }
  // In pieces that are small enough for V8 to divide as whole numbers.
  const low = value % MILLION;
  const rest = (value - low) / MILLION;
  const middle = rest % MILLION;
  const high = (rest - middle) / MILLION;
  if (high > 0) writeDigits(high, 1);
  if (rest > 0) writeDigits(middle, high > 0 ? 6 : 1);
  writeDigits(low, rest > 0 ? 6 : 1);
}

/** At least so many digits. */
function writeDigits(value: number, least: number): void {
  let digits = 1;
  for (let above = 10; above <= value; above *= 10) digits++;
  const end = length + Math.max(digits, least);
  let left = value | 0;
  for (let at = end - 1; at >= length; at--) {
    const next = (left / 10) | 0;
    bytes[at] = ZERO + left - next * 10;
    left = next;
  }
  length = end;
}
