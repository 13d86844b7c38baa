// Makes the work tree ready, then runs a program of this repository under the Node that it is written for.
//
//   node tools/setup.mjs PROGRAM [ARGUMENTS…]
//
// Plain JavaScript, since it must run on any Node from 20 on: the sources are TypeScript that Node 24 runs directly,
// and Node 24 comes as the npm package `node`. Nothing is installed outside this folder.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lockfile = join(root, 'package-lock.json');
// npm writes this file last, so it also tells a finished installation from one that was broken off.
const installed = join(root, 'node_modules', '.package-lock.json');
const windows = process.platform === 'win32';
const packagedNode = join(root, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node');

const isReady = () =>
  existsSync(installed) &&
  existsSync(packagedNode) &&
  statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs;

function install() {
  process.stderr.write('setting up: installing the locked packages (npm ci), once …\n');
  const { status } = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    shell: windows,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status === 0 && isReady()) return;
  process.stderr.write(
    status === 0
      ? 'npm ci ended well, but the packaged Node is missing: does npm forbid install scripts here (ignore-scripts)?\n'
      : 'npm ci failed; its message stands above. Weir needs npm and Node 20 or newer.\n',
  );
  process.exit(1);
}

function run([program, ...programArguments]) {
  // Tools that the program starts (tsc, oxlint) are to find the same Node first.
  const path = [dirname(packagedNode), process.env.PATH].join(windows ? ';' : ':');
  const child = spawn(packagedNode, [join(root, program), ...programArguments], {
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
  // A terminal sends Ctrl-C to both; the child decides how to end, and this process waits for it.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 1));
}

if (!isReady()) install();
run(process.argv.slice(2));
