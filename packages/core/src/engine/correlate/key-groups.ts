import { KEY_GROUPS } from '../../frames.ts';
import { ByteWriter } from '../../state/byte-writer.ts';
import { hash32 } from '../../state/hash.ts';

/** The key group of an alert. */
export function alertGroupOf(tenant: string, texts: readonly string[]): number {
  const writer = new ByteWriter();
  for (const text of texts) writer.text(text);
  return keyGroupOf(tenant, writer.bytes, writer.length);
}

const tenantSeeds = new Map<string, number>();

/** The key group of a key of a tenant: the same everywhere and always, since checkpoints are divided by it. */
export function keyGroupOf(tenant: string, key: Uint8Array, length: number): number {
  let seed = tenantSeeds.get(tenant);
  if (seed === undefined) {
    seed = 17;
    for (let i = 0; i < tenant.length; i++) seed = (Math.imul(seed, 31) + tenant.charCodeAt(i)) | 0;
    tenantSeeds.set(tenant, seed);
  }
  return (hash32(key, 0, length, seed) >>> 0) % KEY_GROUPS;
}
