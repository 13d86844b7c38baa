import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readRecords } from './evidence.ts';

const folder = mkdtempSync(join(tmpdir(), 'weir-evidence-'));
after(() => rmSync(folder, { recursive: true }));
const OPEN_FILES = '/proc/self/fd';

test(
  'a file that is not read to its end is let go',
  { skip: !existsSync(OPEN_FILES) },
  async () => {
    const path = join(folder, 'long.ndjson');
    // Several pieces long, so that its end is not seen.
    writeFileSync(
      path,
      Array.from({ length: 20_000 }, (_, n) => `{"n":${n},"x":"${'x'.repeat(80)}"}\n`).join(''),
    );
    const before = readdirSync(OPEN_FILES).length;
    const found = await readRecords([{ path, name: { source: 's', partition: 'p' }, number: 3 }]);
    assert.equal(found.get(`${path}#3`)?.['n'], 2);
    assert.equal(readdirSync(OPEN_FILES).length, before);
  },
);
