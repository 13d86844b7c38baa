import { defineFunction, textOf } from '../define-function.ts';
import { parseAddress } from '../addresses.ts';

// Second-level names under which registries of countries sell names. Not the whole public suffix list: a name under a
// suffix that is not here, such as github.io, is taken to be registered one level higher than it is.
const SECOND_LEVEL = new Set([
  'ac',
  'co',
  'com',
  'edu',
  'go',
  'gob',
  'gov',
  'gv',
  'mil',
  'ne',
  'net',
  'nom',
  'or',
  'org',
  'sch',
]);

export const domainOf = defineFunction({
  name: 'domainOf',
  summary:
    'The domain under which a host is registered: the last two labels, or three under names such as co.uk.',
  takes: { host: 'host name' },
  gives: 'text in small letters; undefined if there is none',
  examples: [
    { call: 'utils.domainOf("www.Example.com.")', gives: 'example.com' },
    { call: 'utils.domainOf("a.b.example.co.uk")', gives: 'example.co.uk' },
    { call: 'utils.domainOf("10.0.0.1")', gives: undefined },
  ],
  run: (host) => {
    const name = textOf(host)?.toLowerCase().replace(/\.$/, '');
    if (name === undefined || name.length > 253 || parseAddress(name) !== null) return undefined;
    const labels = name.split('.');
    if (labels.length < 2 || labels.some((label) => !/^[^\s/:@]{1,63}$/.test(label)))
      return undefined;
    const isCountry = labels.at(-1)!.length === 2 && SECOND_LEVEL.has(labels.at(-2)!);
    return labels.length < (isCountry ? 3 : 2)
      ? undefined
      : labels.slice(isCountry ? -3 : -2).join('.');
  },
});
