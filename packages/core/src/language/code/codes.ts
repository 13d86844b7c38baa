import type { CodeFacts } from '../diagnostics/code-facts.ts';

/** E3: JavaScript in rules. Rules have no authority: what is not known to be harmless is refused, with the reason. */
export const javascriptCodes: readonly CodeFacts[] = [
  {
    code: 'E301',
    title: 'JavaScript that rules may not use',
    why: 'rules are a plain part of JavaScript: values, conditions, loops and functions, without classes, exceptions, promises or modules',
  },
  {
    code: 'E302',
    title: 'a name that is not known',
    why: 'rules see the event, utils, and what they declare themselves; nothing of the machine',
  },
  {
    code: 'E303',
    title: 'a field name that leads out of the data',
    why: 'such names reach what all objects share, from where other rules could be changed',
    example: 'FILTER event.constructor',
  },
  {
    code: 'E304',
    title: 'a method that is not known',
    why: 'only methods of text, lists and numbers that are known to be harmless can be called',
  },
  {
    code: 'E305',
    title: 'a write to what is read-only',
    why: 'other rules see the same events; SINK gets a copy of its own that it may change',
    example: 'FILTER event => { event.a = 1; return true }',
  },
  {
    code: 'E306',
    title: 'a regular expression that is refused',
    why: 'patterns must be searched in a time that grows with the text only',
    try: 'write it without looking ahead or behind, and without references to groups',
  },
  {
    code: 'E307',
    title: 'code that is too large',
    why: 'rules are small; limits keep the compiler safe',
    try: 'split the rule',
  },
  {
    code: 'E308',
    title: 'a function of the wrong shape',
    why: 'each clause calls its function in one way',
    example: 'FILTER (event, other) => true',
  },
  {
    code: 'E309',
    title: 'a function that utils does not have',
    why: 'it would be called in vain for each event',
  },
  {
    code: 'E310',
    title: 'a field without its event',
    why: 'in code a field is read from the event; bare names are fields only in WHERE and as arguments of aggregates',
  },
  {
    code: 'E311',
    title: 'an aggregate of the wrong shape',
    why: 'it cannot be said what it counts',
  },
  {
    code: 'E312',
    title: 'a match that is read in another way than by its steps',
    why: 'only what steps took is kept, under their names',
    example: 'STEP b FILTER (event, match) => event.x == match.a.x',
  },
];
