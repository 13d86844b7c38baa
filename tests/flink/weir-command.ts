import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const WEIR = fileURLToPath(new URL('../../packages/cli/bin/weir.js', import.meta.url));

/** Runs `weir flink …` as an operator does. Gives its exit code and all that it said. */
export async function weirFlink(words: readonly string[]): Promise<{ code: number; said: string }> {
  const child = spawn(process.execPath, [WEIR, 'flink', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? -1, said: (await said).join('') };
}
