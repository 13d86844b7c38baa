import { EXIT, Failure } from '../failure.ts';
import { changesOf, diagnosticsText, errorsOf, load, type Loaded } from '../load.ts';
import { count } from '../paint.ts';
import { wantedRecords, type KeyedRecord } from './control-records.ts';
import { readControl } from './control-topic.ts';
import { coldStart } from './cold-start.ts';
import { editJob } from './edit.ts';
import { isEnded, jobOf, type Job } from './jobs.ts';
import { checkLevels, levelsNeeded } from './level-check.ts';
import { newestCheckpoint } from './newest-checkpoint.ts';
import { pairs, wholeNumber } from './options.ts';
import { withPlace, type Place, type PlaceOptions } from './place.ts';
import { startJob, type StartOptions } from './start-job.ts';
import {
  checkControlTopic,
  createMissing,
  ownTopics,
  sourceTopics,
  topicsOfSources,
} from './topics.ts';

export interface SubmitOptions extends PlaceOptions, StartOptions {
  readonly rules: readonly string[];
  readonly config?: string;
  readonly pipeline?: readonly string[];
  readonly topic?: readonly string[];
  readonly listLocation?: readonly string[];
  readonly partitions?: string;
  readonly levels?: string;
  readonly savepoint?: string;
  readonly activeFrom?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** What is to run. */
export interface Submission {
  readonly loaded: Loaded;
  /** What the control topic is to say. */
  readonly wanted: readonly KeyedRecord[];
  /** Topic of each source. */
  readonly topics: Readonly<Record<string, string>>;
  readonly hasErrors: boolean;
  readonly options: SubmitOptions;
}

const PARTITIONS = 4;

/** `weir flink submit`: begins a job with these rules, or gives them to the one that runs. */
export async function submit(options: SubmitOptions): Promise<number> {
  const loaded = load(options.rules, options);
  if (loaded.diagnostics.length > 0) process.stderr.write(errorsText(loaded));
  if (loaded.compiled.rules.length === 0) throw new Failure('no rule can be run');
  const submission: Submission = {
    loaded,
    wanted: wantedOf(loaded, options),
    topics: topicsOfSources(
      loaded.sources.sources.map(({ name }) => name),
      pairs('--topic', options.topic ?? []),
    ),
    hasErrors: errorsOf(loaded.diagnostics).length > 0,
    options,
  };
  await withPlace(options, (place) => submitTo(place, submission));
  return submission.hasErrors ? EXIT.errors : EXIT.ok;
}

const ERRORS_SHOWN_MAX = 5;

function errorsText(loaded: Loaded): string {
  const errors = errorsOf(loaded.diagnostics);
  return errors.length <= ERRORS_SHOWN_MAX
    ? diagnosticsText(loaded, errors)
    : `${count(errors.length)} errors in the rules; the job gets the others: weir check tells them\n`;
}

function wantedOf(loaded: Loaded, { listLocation = [] }: SubmitOptions): KeyedRecord[] {
  const locations = pairs('--list-location', listLocation);
  const lists = loaded.sources.lists.map(({ name }) => name);
  for (const name of Object.keys(locations))
    if (!lists.includes(name))
      throw new Failure(
        `--list-location names the list ${name}; weir.yaml declares ${lists.join(', ') || 'none'}`,
      );
  return wantedRecords(changesOf(loaded), locations);
}

async function submitTo(place: Place, submission: Submission): Promise<void> {
  const { options } = submission;
  const job = await jobOf(place.rest, place.names.control);
  const running = job !== null && !isEnded(job.state) ? job : null;
  if (running !== null) refuseLate(options, running);
  const levels = levelsFor(submission, running);
  if (options.dryRun !== true) await prepareTopics(place, submission);
  if (running !== null) {
    await editJob(place, running, submission);
    return;
  }
  const savepoint = savepointOf(place, options);
  const start = (controlBase: number): Promise<Job | null> =>
    startJob(
      place,
      { topics: submission.topics, controlBase, levels },
      savepoint === undefined ? options : { ...options, savepoint },
    );
  if (savepoint === undefined) {
    await start(await coldStart(place, submission));
    return;
  }
  // The savepoint's rules go on first. What has changed since comes to them as an edit, as to any job that runs.
  const { end } = await readControl(place.kafka, place.names.control);
  const started = await start(end);
  if (started !== null) await editJob(place, started, submission);
}

function savepointOf({ checkpoints }: Place, options: SubmitOptions): string | undefined {
  if (options.resume !== true) return options.savepoint;
  if (options.savepoint !== undefined)
    throw new Failure('--resume finds the checkpoint itself: not with --savepoint');
  if (checkpoints === null)
    throw new Failure(
      '--resume looks into the folder of weir flink up; of another cluster, name the checkpoint with --savepoint',
    );
  const found = newestCheckpoint(checkpoints);
  process.stderr.write(`weir: going on from ${found}\n`);
  return found;
}

function levelsFor({ options, loaded }: Submission, running: Job | null): number {
  const { rules } = loaded.compiled.plan;
  const asked =
    options.levels === undefined ? null : wholeNumber('--levels', options.levels, 1, 16);
  const levels = running?.marks.levels ?? asked ?? levelsNeeded(rules);
  checkLevels(rules, levels, running === null ? 'the job' : `job ${running.jid}`);
  return levels;
}

async function prepareTopics(place: Place, { topics, options }: Submission): Promise<void> {
  const { kafka, names, cluster } = place;
  const partitions = wholeNumber(
    '--partitions',
    options.partitions ?? String(cluster?.partitions ?? PARTITIONS),
    1,
    10_000,
  );
  const made = await createMissing(kafka, [
    ...ownTopics(names, partitions),
    ...sourceTopics(Object.values(topics), partitions),
  ]);
  if (made.length > 0) process.stderr.write(`weir: made the topics ${made.join(', ')}\n`);
  await checkControlTopic(kafka, names.control);
}

/** Options that only a job that begins can follow. */
const AT_BEGIN = [
  'savepoint',
  'resume',
  'parallelism',
  'jobArgument',
  'bounded',
  'flinkProperty',
  'jobJar',
] as const;

function refuseLate(options: SubmitOptions, { jid, marks }: Job): void {
  const { levels, delivery } = options;
  const late: string[] = AT_BEGIN.filter((name) => options[name] !== undefined);
  // To say again what is so does no harm.
  if (levels !== undefined && Number(levels) !== marks.levels) late.push('levels');
  if (delivery !== undefined && delivery !== marks.delivery) late.push('delivery');
  if (late.length === 0) return;
  const named = late.map((name) => `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`);
  throw new Failure(
    `job ${jid} of this control topic runs, so the rules go to it as an edit; ${named.join(', ')} can only be said when a job begins: weir flink stop --savepoint ends this one, and submit --savepoint goes on from there`,
  );
}
