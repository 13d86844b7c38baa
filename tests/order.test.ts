import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkOrder } from './order.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

test('a recording gives the same results in file order, sorted, and shuffled within the bound', () => {
  const [file] = globSync('demo/recordings/*.gz', { cwd: root });
  const facts = checkOrder(root + file!, {
    paths: [['EventTime']],
    format: 'yyyy-MM-dd HH:mm:ss',
    zone: '-04:00',
  });
  assert.deepEqual(facts.wrong, []);
  assert.ok(facts.results > 20 && facts.lateWithoutBound > 0, JSON.stringify(facts));
});
