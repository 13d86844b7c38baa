import type { Plan, ResultChange, SourcesPlan } from '@weir/core';
import { EXIT } from '../failure.ts';
import { count, paintFor, shown } from '../paint.ts';
import { resultText } from '../result-text.ts';
import { alertText } from './alert-text.ts';
import { printLines } from './change-lines.ts';
import { newestOf } from './control-records.ts';
import { readControl } from './control-topic.ts';
import { evidenceOf } from './kafka-evidence.ts';
import type { Kafka } from './kafka.ts';
import { newestAlerts, newestResults } from './newest-changes.ts';
import { withPlace, type Place, type PlaceOptions } from './place.ts';

export interface OutputOptions extends PlaceOptions {
  readonly json?: boolean;
  /** Only what is final. */
  readonly final?: boolean;
  /** Goes on, with each change as it comes; as JSON. */
  readonly follow?: boolean;
}

const SHOWN_MAX = 500;

/** `weir flink results`: what the rules have found, newest state of each result. */
export async function results(options: OutputOptions): Promise<number> {
  await withPlace(options, async (place) => {
    const { kafka, names } = place;
    if (options.follow === true || options.json === true)
      return printLines(kafka, [{ topic: names.results, isWanted: () => true }], options);
    const found = await newestResults(kafka, names.results, options.final === true);
    await showResults(kafka, await controlOf(place), found);
    console.log(paintFor(process.stdout).bold(`${count(found.length)} results`));
  });
  return EXIT.ok;
}

/** `weir flink alerts`: what a person is to look at: alerts, and the results of rules that filter only. */
export async function alerts(options: OutputOptions): Promise<number> {
  await withPlace(options, async (place) => {
    const { kafka, names } = place;
    const said = await controlOf(place);
    const rules = new Map((said.plan?.rules ?? []).map((rule) => [rule.id, rule]));
    const isAlone = ({ result }: ResultChange): boolean => rules.get(result.rule)?.alert === null;
    if (options.follow === true || options.json === true) {
      const alone = {
        topic: names.results,
        isWanted: (change: object) => isAlone(change as ResultChange),
      };
      return printLines(kafka, [{ topic: names.alerts, isWanted: () => true }, alone], options);
    }
    const found = await newestAlerts(kafka, names.alerts, options.final === true);
    const all = await newestResults(kafka, names.results, options.final === true);
    const alone = all.filter(isAlone);
    await showResults(kafka, said, alone);
    const paint = paintFor(process.stdout);
    for (const one of found)
      console.log(`${alertText(one, rules.get(one.alert.rule)?.name ?? one.alert.rule, paint)}\n`);
    console.log(paint.bold(`${count(found.length + alone.length)} alerts`));
  });
  return EXIT.ok;
}

/** What the control topic says of what is printed. */
interface Said {
  readonly plan: Plan | null;
  readonly sources: SourcesPlan | null;
}

async function controlOf({ kafka, names }: Place): Promise<Said> {
  const newest = newestOf((await readControl(kafka, names.control)).entries);
  const rules = newest.get('rules')?.record;
  const sources = newest.get('sources')?.record;
  return {
    plan: rules?.kind === 'rules' ? rules.plan : null,
    sources: sources?.kind === 'sources' ? sources.sources : null,
  };
}

async function showResults(
  kafka: Kafka,
  { plan, sources }: Said,
  found: readonly ResultChange[],
): Promise<void> {
  const some = found.slice(0, SHOWN_MAX);
  const recordOf = await evidenceOf(kafka, some, sources);
  const paint = paintFor(process.stdout);
  for (const change of some) {
    const { rule: id } = change.result;
    const rule = plan?.rules.find((one) => one.id === id);
    // Of a rule that runs no more nobody knows what it said; what it found stays.
    console.log(
      rule === undefined
        ? `${shown(id)}  ${change.result.id}\n`
        : `${resultText(change, rule, recordOf, paint)}\n`,
    );
  }
  if (found.length > SHOWN_MAX)
    console.log(`… and ${count(found.length - SHOWN_MAX)} more: --json gives them all\n`);
}
