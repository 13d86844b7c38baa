import { defineFunction, textOf } from '../define-function.ts';

export const accountName = defineFunction({
  name: 'accountName',
  summary:
    'The bare name of an account, in small letters: without its domain, however that is written.',
  takes: { account: 'name, DOMAIN\\name or name@domain' },
  gives: 'text; undefined if missing or empty',
  examples: [
    { call: 'utils.accountName("THESHIRE\\\\pgustavo")', gives: 'pgustavo' },
    { call: 'utils.accountName("PGustavo@THESHIRE.LOCAL")', gives: 'pgustavo' },
    { call: 'utils.accountName("")', gives: undefined },
  ],
  run: (account) => {
    const name = textOf(account)?.trim().toLowerCase();
    if (name === undefined) return undefined;
    const afterDomain = name.slice(name.lastIndexOf('\\') + 1);
    const bare = afterDomain.includes('@')
      ? afterDomain.slice(0, afterDomain.indexOf('@'))
      : afterDomain;
    return bare === '' ? undefined : bare;
  },
});
