import { defineFunction } from '../define-function.ts';
import { patternsTest } from '../patterns.ts';
import { anyLeaf } from './anywhere.ts';

export const findAnywhere = defineFunction({
  name: 'findAnywhere',
  summary: 'Does the regular expression match anywhere in any field?',
  takes: {
    event: 'event, or any value',
    pattern: 'regular expression as text, or a list: one of them',
    flags: 'of "ims", or nothing',
  },
  gives: 'boolean',
  examples: [
    { call: 'utils.findAnywhere({ a: { b: ["id=7"] } }, "id=[0-9]+")', gives: true },
    { call: 'utils.findAnywhere({ a: "ID=7" }, "id=")', gives: false },
  ],
  prepare: (pattern, flags, mode) => anyLeaf(patternsTest(pattern, flags, 'anywhere', mode)),
});
