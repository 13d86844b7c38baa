import { globSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../failure.ts';

/**
 * The newest complete checkpoint below a folder, of whichever job wrote it there: one that goes on has a new id. Its
 * `_metadata` is written last, so a checkpoint that has it is whole.
 */
export function newestCheckpoint(folder: string): string {
  const found = globSync('*/chk-*/_metadata', { cwd: folder })
    .map((file) => join(folder, file))
    .map((file) => ({ file, at: statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .toSorted((a, b) => b.at - a.at)[0];
  if (found === undefined)
    throw new Failure(
      `there is no checkpoint in ${folder}, so there is nothing to go on from: submit without --resume begins anew`,
    );
  return dirname(found.file);
}
