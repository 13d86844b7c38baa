import { defineFunction } from '../define-function.ts';
import { liesIn, parseAddress, parseNetwork } from '../addresses.ts';
import { anyText, textsOf } from '../text-tests.ts';

export const inCidr = defineFunction({
  name: 'inCidr',
  summary: 'Is the address in the network, or in one of several?',
  takes: {
    address: 'IPv4 or IPv6 address, or a list: one of them',
    networks: 'network such as 10.0.0.0/8, or a list of them',
  },
  gives: 'boolean; false if the address cannot be read',
  examples: [
    { call: 'utils.inCidr("10.1.2.3", "10.0.0.0/8")', gives: true },
    { call: 'utils.inCidr("11.1.2.3", ["10.0.0.0/8", "192.168.0.0/16"])', gives: false },
    { call: 'utils.inCidr("2001:db8::1", "2001:db8::/32")', gives: true },
  ],
  prepare: (networks) => {
    const known = textsOf(networks)
      .map(parseNetwork)
      .filter((network) => network !== null);
    return anyText((text) => {
      const address = parseAddress(text);
      return address !== null && known.some((network) => liesIn(address, network));
    });
  },
});
