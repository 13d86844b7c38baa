import { EXIT, Failure } from '../failure.ts';
import { causesOf, until, type FlinkRest } from './flink-rest.ts';
import { runningJobOf } from './jobs.ts';
import { withPlace, type PlaceOptions } from './place.ts';

export interface SavepointOptions extends PlaceOptions {
  /** Where it is put; else where the cluster's settings say. */
  readonly to?: string;
  readonly json?: boolean;
}

const DONE_WITHIN_MS = 600_000;

/** `weir flink savepoint`: all state of the job, to begin from again; the job goes on. */
export async function savepoint(options: SavepointOptions): Promise<number> {
  await withPlace(options, async ({ rest, names }) => {
    const { jid } = await runningJobOf(rest, names.control);
    const location = await takeSavepoint(rest, jid, `/jobs/${jid}/savepoints`, {
      'cancel-job': false,
      ...targetOf(options),
    });
    tellSavepoint(location, options);
  });
  return EXIT.ok;
}

/** Ends a job: it stops reading, what it has is passed on, and its state is kept. `isDrained`: as if its input had ended. */
export const stopWithSavepoint = (
  rest: FlinkRest,
  id: string,
  isDrained: boolean,
  options: SavepointOptions,
): Promise<string> =>
  takeSavepoint(rest, id, `/jobs/${id}/stop`, { drain: isDrained, ...targetOf(options) });

const targetOf = ({ to }: SavepointOptions): object =>
  to === undefined ? {} : { targetDirectory: to, 'target-directory': to };

async function takeSavepoint(
  rest: FlinkRest,
  id: string,
  path: string,
  body: object,
): Promise<string> {
  const { 'request-id': request } = await rest.post<{ 'request-id': string }>(path, body);
  return until('the savepoint', DONE_WITHIN_MS, async () => {
    const { status, operation } = await rest.get<{
      status: { id: string };
      operation?: { location?: string; 'failure-cause'?: { 'stack-trace': string } };
    }>(`/jobs/${id}/savepoints/${request}`);
    if (status.id !== 'COMPLETED') return null;
    if (operation?.location !== undefined) return operation.location;
    throw new Failure(
      `the savepoint of job ${id} could not be taken, and the job goes on: ${causesOf(operation?.['failure-cause']?.['stack-trace'] ?? '')}`,
    );
  });
}

export function tellSavepoint(location: string, { json }: SavepointOptions): void {
  if (json) console.log(JSON.stringify({ kind: 'savepoint', location }));
  else
    console.log(`savepoint ${location}\nweir flink submit --savepoint ${location} begins from it`);
}
