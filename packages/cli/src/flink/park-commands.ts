import type { ParkReason } from '@weir/core';
import { EXIT, Failure } from '../failure.ts';
import { shown } from '../paint.ts';
import type { ControlRecord } from './control-records.ts';
import { readControl, writeControl } from './control-topic.ts';
import { withPlace, type PlaceOptions } from './place.ts';
import { ruleStandings, type RuleStanding } from './rule-standings.ts';

interface Options extends PlaceOptions {
  readonly json?: boolean;
}

const ASKED: ParkReason = { limit: 'asked', message: 'somebody has asked for it: weir flink park' };

/** `weir flink park`: rules see nothing from now on. */
export const park = (rules: readonly string[], options: Options): Promise<number> =>
  tellRules(rules, options, {
    record: (rule) => ({ kind: 'park', rules: [rule], reason: ASKED, clause: null, from: null }),
    isRight: ({ standing }) => standing !== 'parked',
    wrong: 'is parked already',
    done: 'is parked from now on; weir flink release brings it back',
  });

/** `weir flink release`: parked rules go on with what they hold. */
export const release = (rules: readonly string[], options: Options): Promise<number> =>
  tellRules(rules, options, {
    record: (rule) => ({ kind: 'release', rules: [rule], from: null }),
    isRight: ({ standing }) => standing === 'parked',
    wrong: 'is not parked',
    done: 'goes on with what it holds; what came meanwhile it has not seen, and is not given',
  });

interface Telling {
  readonly record: (rule: string) => ControlRecord;
  readonly isRight: (standing: RuleStanding) => boolean;
  readonly wrong: string;
  readonly done: string;
}

async function tellRules(
  rules: readonly string[],
  options: Options,
  { record, isRight, wrong, done }: Telling,
): Promise<number> {
  await withPlace(options, async ({ kafka, names }) => {
    const { entries } = await readControl(kafka, names.control);
    const standings = ruleStandings(entries, 0, null);
    // All are looked at before any is written.
    const ids = rules.map((name) => ruleNamed(name, standings, isRight, wrong));
    const records = ids.map((id) => ({ key: `park:${id}`, record: record(id) }));
    await writeControl(kafka, names.control, records);
    for (const one of records)
      if (options.json) console.log(JSON.stringify(one.record));
      else console.log(`${shown(one.key.slice('park:'.length))} ${done}`);
  });
  return EXIT.ok;
}

function ruleNamed(
  name: string,
  standings: readonly RuleStanding[],
  isRight: Telling['isRight'],
  wrong: string,
): string {
  const found = standings.find((one) => one.rule === name || one.name === name);
  if (found === undefined)
    throw new Failure(
      `the job has no rule '${name}'; nothing was changed. weir flink status lists its rules`,
    );
  if (!isRight(found)) throw new Failure(`'${name}' ${wrong}; nothing was changed`);
  return found.rule;
}
