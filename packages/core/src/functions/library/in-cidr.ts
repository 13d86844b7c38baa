import { defineFunction, textOf } from '../define-function.ts';
import { parseAddress, parseNetwork, liesIn } from '../addresses.ts';

export const inCidr = defineFunction({
  name: 'inCidr',
  summary: 'Is the address in the network, or in one of several?',
  takes: {
    address: 'IPv4 or IPv6 address',
    networks: 'network such as 10.0.0.0/8, or a list of them',
  },
  gives: 'boolean; false if the address cannot be read',
  examples: [
    { call: 'utils.inCidr("10.1.2.3", "10.0.0.0/8")', gives: true },
    { call: 'utils.inCidr("11.1.2.3", ["10.0.0.0/8", "192.168.0.0/16"])', gives: false },
    { call: 'utils.inCidr("2001:db8::1", "2001:db8::/32")', gives: true },
  ],
  run: (address, networks) => {
    const parsed = parseAddress(textOf(address) ?? '');
    if (parsed === null) return false;
    const list: readonly unknown[] = Array.isArray(networks) ? networks : [networks];
    return list.some((network) => {
      const known = parseNetwork(textOf(network) ?? '');
      return known !== null && liesIn(parsed, known);
    });
  },
});
