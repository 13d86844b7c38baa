/** An address as its bytes: 4 or 16. An IPv4 address written as IPv6 (::ffff:1.2.3.4) is the IPv4 address. */
export type Address = readonly number[];

export interface Network {
  readonly address: Address;
  readonly bits: number;
}

export function parseAddress(text: string): Address | null {
  if (text.length > 45 || text.length < 2) return null;
  return text.includes(':') ? parseV6(text) : parseV4(text);
}

/** Four decimal numbers without leading zeros: others are read differently by different programs. */
function parseV4(text: string): Address | null {
  const bytes: number[] = [];
  let value = -1;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 46;
    if (code === 46) {
      if (value < 0 || value > 255 || bytes.length === 4) return null;
      bytes.push(value);
      value = -1;
    } else if (code >= 48 && code <= 57) {
      if (value === 0) return null;
      value = (value < 0 ? 0 : value) * 10 + code - 48;
      if (value > 255) return null;
    } else return null;
  }
  return bytes.length === 4 ? bytes : null;
}

/** RFC 4291 section 2.2, without zones. */
function parseV6(text: string): Address | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groupsOf(halves[0]!);
  const tail = halves.length === 2 ? groupsOf(halves[1]!) : [];
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return null;
  const bytes = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const isMapped =
    bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  return isMapped ? bytes.slice(12) : bytes;
}

function groupsOf(text: string): number[] | null {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (group.includes('.')) {
      const v4 = i === groups.length - 1 ? parseV4(group) : null;
      if (v4 === null) return null;
      bytes.push(...v4);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return null;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    }
  }
  return bytes.length <= 16 ? bytes : null;
}

const networks = new Map<string, Network | null>();
/** The longest text that is a network: an IPv6 address that ends as an IPv4 one, and `/128`. */
const NETWORK_TEXT_MAX = 49;

/** `10.0.0.0/8`; an address alone is a network of one. Bits beyond the prefix do not matter. null: not a network. */
export function parseNetwork(text: string): Network | null {
  // Not kept either: rules make texts of any length, and what is kept outlives their calls.
  if (text.length > NETWORK_TEXT_MAX) return null;
  let known = networks.get(text);
  if (known === undefined) {
    if (networks.size > 1000) networks.clear();
    known = readNetwork(text);
    networks.set(text, known);
  }
  return known;
}

function readNetwork(text: string): Network | null {
  const [host, prefix, ...more] = text.split('/');
  const address = parseAddress(host!);
  if (address === null || more.length > 0) return null;
  if (prefix === undefined) return { address, bits: address.length * 8 };
  if (!/^\d{1,3}$/.test(prefix)) return null;
  let bits = Number(prefix);
  // ::ffff:10.0.0.0/104 speaks of the IPv4 network 10.0.0.0/8.
  if (address.length === 4 && host!.includes(':')) bits -= 96;
  return bits < 0 || bits > address.length * 8 ? null : { address, bits };
}

export function liesIn(address: Address, { address: network, bits }: Network): boolean {
  if (address.length !== network.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== network[i]) return false;
  const rest = bits & 7;
  return rest === 0 || (address[whole]! ^ network[whole]!) >> (8 - rest) === 0;
}

/** Canonical text: RFC 5952 for IPv6. */
export function addressText(address: Address): string {
  if (address.length === 4) return address.join('.');
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((address[i * 2]! << 8) | address[i * 2 + 1]!).toString(16),
  );
  let best = { at: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (groups[i + length] === '0') length++;
    if (length > best.length) best = { at: i, length };
  }
  if (best.at < 0) return groups.join(':');
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.length).join(':')}`;
}
