// The workload of Chaves 2017, section 7.2.2, reproducible from a seed.
//
// a to d are random values of 128 bits as hex; tag is `id_tag_x` and integer the same x, 0 <= x < range; groupName is one of
// six. The published pattern `([A-Za-z]+) V[0-9]*` wants a blank that the published value `DemoV01` lacks, so the rules here mend
// the pattern; `groupTag: 'Demo V01'` gives events for the pattern as it was printed.
import { closeSync, openSync, writeSync } from 'node:fs';

export interface ThesisWorkload {
  readonly events: number;
  readonly seed: number;
  readonly range: number;
  readonly groupTag: 'DemoV01' | 'Demo V01';
}

export const publishedWorkload: ThesisWorkload = {
  events: 2_000_000,
  seed: 1,
  range: 51,
  groupTag: 'DemoV01',
};

/** Rules of listing 7.2 match so many of the published workload's events. */
export const PUBLISHED_MATCHES = 234_773;

/** mulberry32: 32 random bits a call. */
export function randomBits(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** The events as JSON lines, in order, one millisecond apart. */
export function* thesisLines({ events, seed, range, groupTag }: ThesisWorkload): Generator<string> {
  const bits = randomBits(seed);
  const word = (): string => bits().toString(16).padStart(8, '0');
  const wide = (): string => word() + word() + word() + word();
  for (let i = 0; i < events; i++) {
    const x = bits() % range;
    const [a, b, c, d] = [wide(), wide(), wide(), wide()];
    const groupName = `Group${bits() % 6}`;
    yield JSON.stringify({
      timestamp: 1_700_000_000_000 + i,
      ...{ a, b, c, d },
      tag: `id_tag_${x}`,
      integer: x,
      groupName,
      groupTag,
    });
  }
}

export function writeLines(file: string, lines: Iterable<string>): void {
  const handle = openSync(file, 'w');
  let text = '';
  for (const line of lines) {
    text += `${line}\n`;
    if (text.length < 1 << 20) continue;
    writeSync(handle, text);
    text = '';
  }
  writeSync(handle, text);
  closeSync(handle);
}

/** Listing 7.2, `perGroup` times for each of the six groups. */
export function thesisRules(perGroup: number): string {
  const rules: string[] = [];
  for (let group = 0; group < 6; group++)
    for (let k = 0; k < perGroup; k++)
      rules.push(`RULE "group ${group}, ${k}"
SOURCES groupName = ["Group${group}"]
FILTER function (event) {
  return utils.matches(event['groupTag'], '([A-Za-z]+)V[0-9]*') && event['integer'] == ${k} && event['tag'] == 'id_tag_${k}'
}
IOC FILTERS IN IOC ids(tag)
`);
  return rules.join('\n');
}

/** The list of a million ids that the rules ask. */
export const thesisIds = (): string =>
  Array.from({ length: 1_000_000 }, (_, i) => `id_tag_${i}`).join('\n');
