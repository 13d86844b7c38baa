import { defineFunction, textOf } from '../define-function.ts';
import { parseAddress, parseNetwork, liesIn } from '../addresses.ts';

// RFC 1918, RFC 4193, loopback and link-local (RFC 6890).
const PRIVATE = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '127.0.0.0/8',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
  '::1/128',
].map((network) => parseNetwork(network)!);

export const isPrivateIp = defineFunction({
  name: 'isPrivateIp',
  summary: 'Is this an address of a private network, of the machine itself, or link-local?',
  takes: { address: 'IPv4 or IPv6 address' },
  gives: 'boolean; false if the address cannot be read',
  examples: [
    { call: 'utils.isPrivateIp("172.18.39.5")', gives: true },
    { call: 'utils.isPrivateIp("8.8.8.8")', gives: false },
    { call: 'utils.isPrivateIp("fe80::1")', gives: true },
  ],
  run: (address) => {
    const parsed = parseAddress(textOf(address) ?? '');
    return parsed !== null && PRIVATE.some((network) => liesIn(parsed, network));
  },
});
