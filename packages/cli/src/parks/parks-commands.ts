import type { Json } from '@weir/core';
import { EXIT, Failure } from '../failure.ts';
import { count, paintFor, shown } from '../paint.ts';
import { placeText } from './park-text.ts';
import { appendPark, parkedOf, readParks, type ParkRecord } from './parks-file.ts';

interface Options {
  readonly parks: string;
  readonly json?: boolean;
}

const json = (value: unknown): void => console.log(JSON.stringify(value as Json));

/** `weir parked`: the rules that are left out, with the event and the limit. */
export function parked({ parks: file, ...options }: Options): number {
  const found = parkedOf(readParks(file));
  if (options.json) found.forEach(json);
  else if (found.length === 0) console.log('no rule is parked');
  else {
    const paint = paintFor(process.stdout);
    for (const park of found) console.log(`${paint.bold(shown(park.rule))}\n${factsText(park)}\n`);
    console.log(`${count(found.length)} parked; weir release RULE --parks ${file} brings one back`);
  }
  return EXIT.ok;
}

function factsText(park: ParkRecord): string {
  const { reason, clause, version, recordedAt, waiting } = park;
  return [
    `  limit    ${reason.limit}: ${shown(reason.message)}${clause === null ? '' : ` (in ${clause})`}`,
    `  event    ${placeText(park)}`,
    ...(waiting.length > 0 ? [`  waiting  ${waiting.map(shown).join(', ')}`] : []),
    `  version  ${shown(version)}`,
    `  parked   ${shown(recordedAt)}`,
  ].join('\n');
}

/** `weir release`: brings rules back, in the run that goes on or in the next one. */
export function release(rules: readonly string[], { parks: file, ...options }: Options): number {
  const found = parkedOf(readParks(file));
  for (const name of rules)
    if (!found.some(({ rule }) => rule === name)) {
      const names = found.map(({ rule }) => `'${rule}'`).join(', ');
      throw new Failure(
        `no rule '${name}' is parked in ${file}${names === '' ? '' : `; parked are ${names}`}`,
      );
    }
  for (const park of found.filter(({ rule }) => rules.includes(rule))) {
    const line = {
      kind: 'release',
      recordedAt: new Date().toISOString(),
      rule: park.rule,
      version: park.version,
    } as const;
    appendPark(file, line);
    if (options.json) json(line);
    else
      console.log(
        `released: ${shown(park.rule)}; a run that follows its input catches it up at once, another run begins with it`,
      );
  }
  return EXIT.ok;
}
