import { defineFunction, textOf } from '../define-function.ts';
import { parseAddress } from '../addresses.ts';

export const hostOf = defineFunction({
  name: 'hostOf',
  summary: 'The short name of a host: its first label, in small letters.',
  takes: { host: 'host name' },
  gives: 'text; an address stays as it is; undefined if missing',
  examples: [
    { call: 'utils.hostOf("WORKSTATION6.theshire.local")', gives: 'workstation6' },
    { call: 'utils.hostOf("10.0.0.1")', gives: '10.0.0.1' },
    { call: 'utils.hostOf(undefined)', gives: undefined },
  ],
  run: (host) => {
    const name = textOf(host)?.toLowerCase();
    if (name === undefined || name === '') return undefined;
    const dot = name.indexOf('.');
    return dot < 0 || parseAddress(name) !== null ? name : name.slice(0, dot);
  },
});
