// What somebody would write by hand over plain Node for the rules of listing 7.2: JSON.parse, and each rule looks at each event.
//
//   node bench/peers/thesis-node.mjs EVENTS.ndjson RULES_PER_GROUP     prints one JSON line
import { closeSync, openSync, readSync } from 'node:fs';

const [file, perGroup = '6'] = process.argv.slice(2);

const ids = new Set();
for (let i = 0; i < 1_000_000; i++) ids.add(`id_tag_${i}`);

// Each rule is a function of its own, as code that is written out by hand would be.
const rules = [];
for (let group = 0; group < 6; group++)
  for (let k = 0; k < Number(perGroup); k++)
    rules.push({
      group: `Group${group}`,
      // oxlint-disable-next-line typescript/no-implied-eval -- rules written out by hand would be functions of their own
      filter: new Function(
        'event',
        `return /^([A-Za-z]+)V[0-9]*$/.test(event['groupTag']) && event['integer'] == ${k} && event['tag'] == 'id_tag_${k}'`,
      ),
    });

let events = 0;
let matches = 0;
let bytes = 0;
function take(line) {
  const event = JSON.parse(line);
  events++;
  for (const rule of rules)
    if (event.groupName === rule.group && rule.filter(event) && ids.has(event.tag)) matches++;
}

const handle = openSync(file, 'r');
const block = Buffer.allocUnsafe(1 << 20);
const decoder = new TextDecoder();
let rest = '';
const from = performance.now();
for (let read = readSync(handle, block); read > 0; read = readSync(handle, block)) {
  bytes += read;
  const lines = (rest + decoder.decode(block.subarray(0, read), { stream: true })).split('\n');
  rest = lines.pop();
  for (const line of lines) take(line);
}
if (rest !== '') take(rest);
const seconds = (performance.now() - from) / 1000;
closeSync(handle);

console.log(
  JSON.stringify({
    events,
    matches,
    seconds,
    eventsPerSecond: events / seconds,
    megabytesPerSecond: bytes / seconds / 1e6,
    residentBytes: process.memoryUsage().rss,
  }),
);
