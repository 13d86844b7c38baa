import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import { LOOPBACK } from './free-ports.ts';
import { javaProgram } from './java.ts';

/** One self-signed key for all processes of a small cluster, and what clients need to trust it. */
export interface Keys {
  /** PKCS12, with key and certificate. */
  readonly store: string;
  /** The certificate as PEM. */
  readonly certificate: string;
  readonly password: string;
  /** Of the broker's only user. */
  readonly user: string;
}

const USER = 'weir';
const VALID_DAYS = 825;

/** The keys of a folder; made if they are not there. */
export function keysIn(folder: string): Keys {
  const own = join(folder, 'keys');
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const keys = { store: join(own, 'store.p12'), certificate: join(own, 'certificate.pem') };
  const passwordFile = join(own, 'password');
  if (!existsSync(passwordFile))
    writeFileSync(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
  const password = readFileSync(passwordFile, 'utf8');
  if (!existsSync(keys.certificate)) makeKeys(keys, passwordFile);
  return { ...keys, password, user: USER };
}

/** The password is read from its file: command lines can be seen by everybody. */
function makeKeys(
  { store, certificate }: Pick<Keys, 'store' | 'certificate'>,
  passwordFile: string,
): void {
  const access = ['-keystore', store, '-storepass:file', passwordFile, '-alias', USER];
  // RSA: the ciphers that Flink takes by default are for such keys.
  keytool([
    '-genkeypair',
    ...access,
    ...['-storetype', 'PKCS12', '-keyalg', 'RSA', '-keysize', '3072'],
    ...['-validity', String(VALID_DAYS), '-dname', 'CN=weir'],
    ...['-ext', `SAN=ip:${LOOPBACK},dns:localhost`],
  ]);
  keytool(['-exportcert', '-rfc', ...access, '-file', certificate]);
}

function keytool(args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync(javaProgram('keytool'), args, {
    encoding: 'utf8',
  });
  if (error !== undefined) throw new Failure('--tls needs keytool, which comes with Java');
  if (status !== 0) throw new Failure(`keytool failed: ${(stdout + stderr).trim()}`);
}

const PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule required';

/** Settings of the broker: TLS, and one user with a password. */
export const brokerSecurity = ({ store, password, user }: Keys): string[] => [
  'sasl.enabled.mechanisms=PLAIN',
  'sasl.mechanism.inter.broker.protocol=PLAIN',
  `listener.name.clients.plain.sasl.jaas.config=${PLAIN} username="${user}" password="${password}" user_${user}="${password}";`,
  `ssl.keystore.location=${store}`,
  'ssl.keystore.type=PKCS12',
  `ssl.keystore.password=${password}`,
  `ssl.key.password=${password}`,
  `ssl.truststore.location=${store}`,
  'ssl.truststore.type=PKCS12',
  `ssl.truststore.password=${password}`,
];

/** What clients of that broker are told, as Kafka names it. PEM is read by Java and by Node. */
export const clientSecurity = ({ certificate, password, user }: Keys): Record<string, string> => ({
  'security.protocol': 'SASL_SSL',
  'sasl.mechanism': 'PLAIN',
  'sasl.jaas.config': `${PLAIN} username="${user}" password="${password}";`,
  'ssl.truststore.type': 'PEM',
  'ssl.truststore.location': certificate,
});

/** Settings of Flink: its processes talk to one another with this key only, both sides proven. */
export const internalSecurity = ({ store, password }: Keys): Record<string, string | boolean> => ({
  'security.ssl.internal.enabled': true,
  'security.ssl.internal.keystore': store,
  'security.ssl.internal.keystore-password': password,
  'security.ssl.internal.key-password': password,
  'security.ssl.internal.keystore-type': 'PKCS12',
  'security.ssl.internal.truststore': store,
  'security.ssl.internal.truststore-password': password,
  'security.ssl.internal.truststore-type': 'PKCS12',
});
