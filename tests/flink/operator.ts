import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CONFIG, rulesText } from './many-logins.ts';
import { weirFlink } from './weir-command.ts';

const THRESHOLD = 14;
const TRIES = 5;

/** Submits, resumes and edits with the command line, and tries again what fails, as people do. */
export class Operator {
  readonly #folder: string;
  readonly #more: readonly string[];
  #edits = 0;
  #activeFrom: string | null = null;

  /** `more`: what a job is told at its beginning. */
  constructor(folder: string, more: readonly string[]) {
    this.#folder = folder;
    this.#more = more;
    writeFileSync(join(folder, 'weir.yaml'), CONFIG);
    this.#writeRules();
  }

  #writeRules(): void {
    const threshold = THRESHOLD - (this.#edits % 2);
    writeFileSync(join(this.#folder, 'logins.weir'), rulesText(threshold));
  }

  begin(): Promise<void> {
    return this.#submit(this.#more);
  }

  /** After the job manager has died. An edit that it took with it follows. */
  resume(): Promise<void> {
    return this.#submit([...this.#more, '--resume', ...this.#from]);
  }

  /** A rule changes for events from a time on. */
  edit(activeFrom: number): void {
    this.#edits++;
    this.#activeFrom = new Date(activeFrom).toISOString();
    this.#writeRules();
  }

  /** Tells the job that runs of the edit, unless it knows it. */
  tell(): Promise<void> {
    return this.#submit(this.#from);
  }

  get #from(): string[] {
    return this.#activeFrom === null ? [] : ['--active-from', this.#activeFrom];
  }

  async #submit(more: readonly string[]): Promise<void> {
    for (let tries = 1; ; tries++) {
      const { code, said } = await weirFlink([
        'submit',
        '--folder',
        this.#folder,
        '--rules',
        join(this.#folder, 'logins.weir'),
        '--config',
        join(this.#folder, 'weir.yaml'),
        ...more,
      ]);
      if (code === 0) return;
      process.stderr.write(`  submit failed (try ${tries}): ${said.trim()}\n`);
      if (tries === TRIES) throw new Error('the job could not be submitted');
      await wait(1000);
    }
  }
}
