// The engine process with a canary before it. After each piece of input it looks at its realms; damage is a fault.
import { encodeFrame } from '../../packages/core/src/frames-codec.ts';
import { watchRealms } from './canary.ts';

const damage = watchRealms();
await import('../../packages/runtime/src/engine-process.ts');
process.stdin.on('data', () => {
  const problems = damage();
  if (problems.length === 0) return;
  const message = `the canary: ${problems.slice(0, 5).join(', ')}`;
  process.stdout.write(encodeFrame({ type: 'fault', message }), () => process.exit(70));
});
