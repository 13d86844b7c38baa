// `npm start`: the recording of an attack streams through the rules of the demo.
import { spawnSync } from 'node:child_process';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const demo = dirname(fileURLToPath(import.meta.url));
const root = dirname(demo);
const fromRoot = (...path: string[]): string => relative(root, join(demo, ...path));

const RECORDING = fromRoot('recordings', 'lateral_movement.covenant_psremoting_command.ndjson.gz');
const RULES = fromRoot('rules');
const CONFIG = fromRoot('weir.yaml');

console.log(`An operator moves from WORKSTATION5 to WORKSTATION6: 4,284 real events, some thirty of them the attack.

  weir run ${RECORDING} --rules ${RULES} --config ${CONFIG}
`);

const command = [
  'packages/cli/bin/weir.js',
  'run',
  RECORDING,
  '--rules',
  RULES,
  '--config',
  CONFIG,
];
const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });

if (status === 0)
  console.log(`What next?
  what happened, step by step              demo/README.md
  change a number in a rule, run again     ${fromRoot('rules', 'many-network-logons.weir')}
  what a rule reads, keeps and costs       npm run weir -- explain ${fromRoot('rules', 'many-network-logons.weir')}
  the tests that rules bring along         npm run weir -- test ${RULES} rules --config rules/weir.yaml
  your own logs                            npm run weir -- run YOUR_FILE.ndjson --rules rules --config rules/weir.yaml --source windows
  your first rule                          README.md`);
process.exitCode = status ?? 1;
