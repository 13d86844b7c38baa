import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { load } from './load.ts';
import { watchRules } from './watch-rules.ts';

const rule = (least: number): string =>
  `RULE "often" AGGREGATE BY u WITHIN 1:min HAVING count() >= ${least}\n`;

/** Versions that are told within a second of a file that is saved, or not, between reading and watching. */
async function told(saves: boolean): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-watch-'));
  const file = join(folder, 'r.weir');
  writeFileSync(file, rule(5));
  utimesSync(file, 1_700_000_000, 1_700_000_000);
  const first = load([file], {});
  if (saves) writeFileSync(file, rule(6));
  const versions: string[] = [];
  const enough = AbortSignal.timeout(1000);
  await watchRules([file], {}, first, enough, async ({ plan }) => {
    versions.push(...plan.rules.map(({ version }) => version));
  });
  rmSync(folder, { recursive: true });
  return versions;
}

test('a rule that is saved while the run begins is live', async () => {
  const [changed, same] = await Promise.all([told(true), told(false)]);
  assert.equal(changed.length, 1);
  assert.deepEqual(same, []);
});
