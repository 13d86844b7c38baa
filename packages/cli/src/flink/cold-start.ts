import {
  changedRecords,
  newestOf,
  type ControlEntry,
  type KeyedRecord,
} from './control-records.ts';
import { readControl, writeControl } from './control-topic.ts';
import type { Place } from './place.ts';
import { staleParks } from './rule-standings.ts';
import type { Submission } from './submit.ts';

/** Writes what a job begins with. Gives the offset before which it is. */
export async function coldStart(place: Place, { wanted, options }: Submission): Promise<number> {
  const { kafka, names } = place;
  if (options.dryRun === true) {
    const entries = await entriesIfThere(place);
    const records = [...changedRecords(newestOf(entries), wanted, null)];
    for (const { key } of records) console.log(`would write ${key} to ${names.control}`);
    return (entries.at(-1)?.offset ?? -1) + 1 + records.length;
  }
  const { entries, end } = await readControl(kafka, names.control);
  const records = changedRecords(newestOf(entries), wanted, null);
  const written = await writeControl(kafka, names.control, records);
  // A park was of a version: where the rule is another by now, it begins like any other.
  const after = await readControl(kafka, names.control);
  const releases = staleParks(after.entries).map(releaseOf);
  const last = await writeControl(kafka, names.control, releases);
  for (const { key } of releases)
    process.stderr.write(
      `weir: ${key.slice('park:'.length)} was parked in another version: released\n`,
    );
  return Math.max(end, written, last);
}

const releaseOf = (rule: string): KeyedRecord => ({
  key: `park:${rule}`,
  record: { kind: 'release', rules: [rule], from: null },
});

async function entriesIfThere({ kafka, names }: Place): Promise<readonly ControlEntry[]> {
  const there = await kafka.admin((admin) => admin.listTopics());
  return there.includes(names.control) ? (await readControl(kafka, names.control)).entries : [];
}
