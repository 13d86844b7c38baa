#!/usr/bin/env node
// Runs on any Node, and hands over to the Node 24 that the package brings if this one is older.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'main.ts');

if (Number(process.versions.node.split('.')[0]) >= 24) await import(main);
else {
  const require = createRequire(import.meta.url);
  const node = join(dirname(require.resolve('node/package.json')), 'bin', 'node');
  // Ctrl-C reaches the whole group: the program below decides what it means.
  process.on('SIGINT', () => {});
  const { status, signal } = spawnSync(node, [main, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.exitCode = status ?? (signal === null ? 2 : 130);
}
