// `npm run bench`: each question in a process of its own, so that none fills the memory of the next.
//
//   npm run bench                    the short rows (minutes)
//   npm run bench -- keys-per-gigabyte thesis-throughput
//   npm run bench -- logins-peers         beside Esper and Siddhi: needs a JDK 17 and Maven
//   npm run bench -- flink-cpu flink-keys  on a cluster of this machine: the same
//   npm run prove:keys · prove:memory     the long rows at full size
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './measured.ts';

/** Question and the arguments of its short row; without arguments a question runs at full size. */
const SHORT: Readonly<Record<string, readonly string[]>> = {
  'thesis-throughput': [],
  'keys-per-gigabyte': ['1000000'],
  'steady-memory': ['2'],
  'hot-key': [],
  'key-bytes': [],
  'rule-price': [],
  patterns: [],
};
/** Only if it is named: it asks for more than this repository brings. */
const WITH_PEERS: Readonly<Record<string, readonly string[]>> = {
  'logins-peers': [],
  'flink-cpu': [],
  'flink-keys': [],
};
const QUESTIONS = { ...SHORT, ...WITH_PEERS };

const chosen = process.argv.slice(2).filter((word) => !/^\d+$/.test(word));
const sizes = process.argv.slice(2).filter((word) => /^\d+$/.test(word));
const unknown = chosen.filter((name) => !(name in QUESTIONS));
if (unknown.length > 0) {
  console.error(
    `no such question: ${unknown.join(', ')}. There are: ${Object.keys(QUESTIONS).join(', ')}`,
  );
  process.exit(1);
}

for (const name of chosen.length > 0 ? chosen : Object.keys(SHORT)) {
  const size = sizes.length > 0 ? sizes : (QUESTIONS[name as keyof typeof QUESTIONS] ?? []);
  const { status } = spawnSync(
    process.execPath,
    ['--expose-gc', join('bench', `${name}.ts`), ...size],
    {
      cwd: root,
      stdio: 'inherit',
    },
  );
  if (status !== 0) process.exitCode = 1;
}
