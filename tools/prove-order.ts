// npm run prove:order -- FILES…   Recordings of Windows events (JSON lines, also .gz) in several orders: the same results?
import { checkOrder } from '../tests/order.ts';

const time = {
  paths: [['EventTime'], ['@timestamp'], ['UtcTime'], ['TimeCreated']],
  format: null,
  zone: 'UTC',
};
let failed = 0;
for (const file of process.argv.slice(2)) {
  const { events, results, disorderMs, lateWithoutBound, wrong } = checkOrder(file, time);
  console.log(
    `${wrong.length === 0 ? '✔' : '✖'} ${file}: ${events} events, ${results} results, out of order by ${disorderMs} ms; without a bound ${lateWithoutBound} late`,
  );
  for (const one of wrong) console.log(`    ${one.slice(0, 600)}`);
  if (wrong.length > 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
