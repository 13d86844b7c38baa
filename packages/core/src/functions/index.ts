import { includesIgnoreCase } from './library/includes-ignore-case.ts';
import { startsWithIgnoreCase } from './library/starts-with-ignore-case.ts';
import { endsWithIgnoreCase } from './library/ends-with-ignore-case.ts';
import { equalsIgnoreCase } from './library/equals-ignore-case.ts';
import { matches } from './library/matches.ts';
import { find } from './library/find.ts';
import { glob } from './library/glob.ts';
import { inCidr } from './library/in-cidr.ts';
import { isPrivateIp } from './library/is-private-ip.ts';
import { domainOf } from './library/domain-of.ts';
import { hostOf } from './library/host-of.ts';
import { accountName } from './library/account-name.ts';
import { lower } from './library/lower.ts';
import { base64Decode } from './library/base64-decode.ts';
import { urlDecode } from './library/url-decode.ts';
import { hexDecode } from './library/hex-decode.ts';
import { entropy } from './library/entropy.ts';
import { editDistance } from './library/edit-distance.ts';
import { sha256 } from './library/sha256.ts';
import { parseTime } from './library/parse-time.ts';
import { parseJson } from './library/parse-json.ts';
import { length } from './library/length.ts';
import { sameText } from './library/same-text.ts';
import { equals } from './library/equals.ts';
import { like } from './library/like.ts';
import { compares } from './library/compares.ts';
import { timePart } from './library/time-part.ts';
import { anywhere } from './library/anywhere.ts';
import { findAnywhere } from './library/find-anywhere.ts';
import type { LibraryFunction } from './define-function.ts';

/** `utils`: all functions that rules can call, one file each. */
export const library: readonly LibraryFunction[] = [
  includesIgnoreCase,
  startsWithIgnoreCase,
  endsWithIgnoreCase,
  equalsIgnoreCase,
  matches,
  find,
  glob,
  inCidr,
  isPrivateIp,
  domainOf,
  hostOf,
  accountName,
  lower,
  base64Decode,
  urlDecode,
  hexDecode,
  entropy,
  editDistance,
  sha256,
  parseTime,
  parseJson,
  length,
  sameText,
  equals,
  like,
  compares,
  timePart,
  anywhere,
  findAnywhere,
];

export const libraryByName: ReadonlyMap<string, LibraryFunction> = new Map(
  library.map((one) => [one.name, one]),
);

/** Their code by name, as generated code calls it. */
export const runsOf: Readonly<Record<string, LibraryFunction['run']>> = Object.freeze(
  Object.fromEntries(library.map(({ name, run }) => [name, run])),
);
