import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../failure.ts';

const ANSWER_WITHIN_MS = 30_000;

/** What Flink answers of one job (`/jobs/ID`), as far as it is looked at. */
export interface JobDetails {
  readonly jid: string;
  readonly name: string;
  readonly state: JobState;
  readonly 'start-time': number;
  readonly duration: number;
  readonly vertices: readonly JobVertex[];
}

export type JobState =
  | 'INITIALIZING'
  | 'CREATED'
  | 'RUNNING'
  | 'FAILING'
  | 'FAILED'
  | 'CANCELLING'
  | 'CANCELED'
  | 'FINISHED'
  | 'RESTARTING'
  | 'SUSPENDED'
  | 'RECONCILING';

export interface JobVertex {
  readonly id: string;
  readonly name: string;
  readonly parallelism: number;
  readonly status: string;
  readonly tasks: Readonly<Record<string, number>>;
}

export interface Metric {
  readonly id: string;
  readonly value?: string;
}

/** Flink's REST interface. Throws Failure with what Flink says. */
export class FlinkRest {
  readonly #address: string;

  constructor(address: string) {
    this.#address = address.replace(/\/+$/, '');
  }

  get address(): string {
    return this.#address;
  }

  get = <T>(path: string): Promise<T> => this.#call<T>('GET', path);
  post = <T>(path: string, body: unknown): Promise<T> => this.#call<T>('POST', path, body);
  patch = (path: string): Promise<unknown> => this.#call('PATCH', path);

  job(id: string): Promise<JobDetails> {
    return this.get(`/jobs/${id}`);
  }

  /** Gives the name under which the jar can be run. */
  async upload(jar: string): Promise<string> {
    const form = new FormData();
    form.append(
      'jarfile',
      await openAsBlob(jar, { type: 'application/x-java-archive' }),
      basename(jar),
    );
    const { filename } = await this.post<{ filename: string }>('/jars/upload', form);
    return basename(filename);
  }

  /** The newest reason why the job failed; '' if there is none. */
  async failureOf(id: string): Promise<string> {
    const { exceptionHistory } = await this.get<{
      exceptionHistory?: { entries: readonly { stacktrace?: string }[] };
    }>(`/jobs/${id}/exceptions?maxExceptions=1`);
    return exceptionHistory?.entries[0]?.stacktrace ?? '';
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const isForm = body instanceof FormData;
    const response = await this.#fetch(path, {
      method,
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      ...(body === undefined || isForm ? {} : { headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok)
      throw new FlinkRefused(
        `Flink at ${this.#address} refuses ${method} ${path} (${response.status}): ${reasonIn(text)}`,
        response.status,
      );
    return (text === '' ? {} : JSON.parse(text)) as T;
  }

  async #fetch(path: string, request: RequestInit): Promise<Response> {
    try {
      return await fetch(this.#address + path, request);
    } catch (error) {
      const cause = (error as { cause?: Error }).cause ?? (error as Error);
      throw new Failure(`Flink at ${this.#address} does not answer: ${cause.message}`);
    }
  }
}

/** Flink has answered, and says no. */
export class FlinkRefused extends Failure {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

const REASON_MAX = 2000;

/** Flink answers with stacks: what people want of them are the causes. */
export function reasonIn(text: string): string {
  let errors: readonly string[];
  try {
    errors = (JSON.parse(text) as { errors?: string[] }).errors ?? [text];
  } catch {
    errors = [text];
  }
  return causesOf(errors.join('\n')).slice(0, REASON_MAX);
}

const NO_CAUSE =
  /^Internal server error\.|^Could not execute application\.|^<Exception on server side:|^End of exception on/;

/** Of a Java stack the first line and the `Caused by` lines, without the names of the classes of exceptions. */
export function causesOf(stack: string): string {
  const lines = stack.split('\n').filter((line) => !/^\s*(?:at |\.\.\. \d+ more)/.test(line));
  const causes = lines
    .map((line) =>
      line
        .replace(/^\s*Caused by:\s*/, '')
        .replace(/^(?:(?:[\w$]+\.)+[\w$]*(?:Exception|Error)(?::\s*|$))+/, '')
        .trim(),
    )
    .filter((line) => line !== '' && !NO_CAUSE.test(line));
  // Java says a cause in the message of what it caused.
  const told = causes.filter(
    (one, i) => !causes.some((other, at) => at > i && one.includes(other)),
  );
  return told.join('; ');
}

/** Asks until there is an answer. Throws Failure when it takes too long, or `check` does. */
export async function until<T>(
  what: string,
  withinMs: number,
  ask: () => Promise<T | null>,
  everyMs = 200,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > deadline)
      throw new Failure(`${what} took longer than ${Math.round(withinMs / 1000)} s`);
    await wait(everyMs);
  }
}
