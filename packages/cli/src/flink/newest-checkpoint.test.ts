import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { newestCheckpoint } from './newest-checkpoint.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-checkpoints-'));
after(() => rmSync(folder, { recursive: true }));

/** `at`: when it was complete, s; null: it never was. */
function checkpoint(job: string, number: number, at: number | null): string {
  const path = join(folder, job, `chk-${number}`);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'part'), '');
  if (at === null) return path;
  writeFileSync(join(path, '_metadata'), '');
  utimesSync(join(path, '_metadata'), at, at);
  return path;
}

test('where there is no checkpoint, it says so', () => {
  assert.throws(() => newestCheckpoint(folder), /no checkpoint in .*begins anew/);
  checkpoint('first', 1, null);
  assert.throws(() => newestCheckpoint(folder), /no checkpoint/);
});

test('the newest complete one counts, whichever job has written it and whatever its number', () => {
  checkpoint('first', 90, 1000);
  const newest = checkpoint('second', 7, 2000);
  checkpoint('second', 8, null);
  assert.equal(newestCheckpoint(folder), newest);
});
