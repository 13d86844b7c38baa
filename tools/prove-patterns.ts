// npm run prove:patterns   Published vulnerable patterns, timed: with its attack string grown from 10 KB to 1 MB a pattern may
// take three times as long for each byte, and no longer. The pattern is compiled anew for each text, so what it
// costs to fill its table is in the figure.
import { compilePattern, isProblem } from '../packages/core/src/patterns/pattern.ts';
import {
  attackOf,
  patternFiles,
  publishedPatterns,
  type PublishedPattern,
} from '../tests/patterns/published-patterns.ts';
import { median } from '../bench/measured.ts';

const SHORT = 10_000;
const LONG = 1_000_000;
const RATIO_MAX = 3;
const RUNS = 5;
const SETTLED_NS = 0.05;

/** Of this thread. How it is split is a guess that the system makes at its ticks; the sum is exact. */
function cpuMicroseconds(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** Time of the processor for a byte: the median of some runs, in each of which about LONG bytes are read. */
function nsPerByte(published: PublishedPattern, length: number): number {
  const joined = attackOf(published, Math.ceil(length / published.pump.length));
  // As it would come from an event: in one piece, not as the parts that it was joined of.
  const text = Buffer.from(joined, 'utf16le').toString('utf16le');
  const times = Array.from({ length: RUNS }, () => {
    const made = Array.from({ length: Math.round(LONG / length) }, () => {
      const pattern = compilePattern(published.pattern, published.flags);
      if (isProblem(pattern)) throw new Error(`${published.pattern}: ${pattern.reason}`);
      return pattern;
    });
    const before = cpuMicroseconds();
    for (const pattern of made) pattern.test(text);
    return (cpuMicroseconds() - before) / made.length;
  });
  return (median(times) * 1000) / text.length;
}

const rows = patternFiles.flatMap(publishedPatterns).map((published) => {
  const short = nsPerByte(published, SHORT);
  const long = nsPerByte(published, LONG);
  return { published, short, long, ratio: long / short };
});
const worst = rows.filter(({ long }) => long >= SETTLED_NS).toSorted((a, b) => b.ratio - a.ratio);
console.log('ns a byte at 10 KB and at 1 MB, and their ratio: the ten worst');
for (const { published, short, long, ratio } of worst.slice(0, 10))
  console.log(`${short.toFixed(2)}  ${long.toFixed(2)}  ${ratio.toFixed(2)}  ${published.pattern}`);
const slowest = Math.max(...rows.map(({ long }) => long));
// Some are settled by the first units of any text: their time is too little to be measured.
const held = rows.filter(({ long, ratio }) => ratio <= RATIO_MAX || long < SETTLED_NS).length;
console.log(
  `${held} of ${rows.length} patterns within ${RATIO_MAX}x; at 1 MB ${median(rows.map(({ long }) => long)).toFixed(2)} ns a byte ` +
    `in the median, ${slowest.toFixed(2)} at most`,
);
if (held < rows.length) process.exitCode = 1;
