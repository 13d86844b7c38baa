import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { BaseOptions } from '@platformatic/kafka';
import { Failure } from '../failure.ts';

type Security = Pick<BaseOptions, 'tls' | 'sasl' | 'tlsServerName'>;
type Properties = Readonly<Record<string, string>>;

const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;

/**
 * What Kafka's own names of settings mean for the client here. The job is given the same properties, so that they are
 * written once. Properties that only Java's client knows are passed over.
 */
export function securityOf(properties: Properties, hosts: readonly string[]): Security {
  const protocol = (properties['security.protocol'] ?? 'PLAINTEXT').toUpperCase();
  if (!['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'].includes(protocol))
    throw new Failure(
      `security.protocol is PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL, not ${protocol}`,
    );
  return {
    ...(protocol.endsWith('SSL') ? tlsOf(properties) : {}),
    // An address is no name that a server could be asked for.
    ...(protocol.endsWith('SSL') && hosts.some((host) => isIP(host) === 0)
      ? { tlsServerName: true }
      : {}),
    ...(protocol.startsWith('SASL') ? { sasl: saslOf(properties) } : {}),
  };
}

function tlsOf(properties: Properties): Security {
  const ca = pem(properties, 'ssl.truststore', 'certificates');
  const key = pem(properties, 'ssl.keystore', 'key');
  const chain = properties['ssl.keystore.certificate.chain'] ?? key;
  const passphrase = properties['ssl.key.password'];
  // Kafka's way to say that the name in the certificate is not looked at.
  const isAnyName = properties['ssl.endpoint.identification.algorithm'] === '';
  return {
    tls: {
      ...(ca === null ? {} : { ca }),
      ...(key === null ? {} : { key, cert: chain! }),
      ...(passphrase === undefined ? {} : { passphrase }),
      ...(isAnyName ? { checkServerIdentity: () => undefined } : {}),
    },
  };
}

/** Text of a store: PEM, since that is what Java and Node both read. */
function pem(properties: Properties, store: string, inline: string): string | null {
  const text = properties[`${store}.${inline}`];
  if (text !== undefined) return text;
  const file = properties[`${store}.location`];
  if (file === undefined) return null;
  const type = properties[`${store}.type`] ?? 'JKS';
  if (type.toUpperCase() !== 'PEM')
    throw new Failure(
      `${store}.type is ${type}: weir and the job read the same stores, as PEM (keytool -exportcert -rfc makes one); say ${store}.type=PEM`,
    );
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure(`${store}.location cannot be read: ${(error as Error).message}`);
  }
}

function saslOf(properties: Properties): NonNullable<Security['sasl']> {
  const named = properties['sasl.mechanism'] ?? '';
  const mechanism = MECHANISMS.find((one) => one === named);
  if (mechanism === undefined)
    throw new Failure(
      `sasl.mechanism is one of ${MECHANISMS.join(', ')}, not ${named || 'missing'}`,
    );
  const login = properties['sasl.jaas.config'] ?? '';
  const part = (name: string): string => {
    const found = new RegExp(`\\b${name}="((?:[^"\\\\]|\\\\.)*)"`).exec(login);
    if (found === null)
      throw new Failure(`sasl.jaas.config has no ${name}="…", which ${mechanism} needs`);
    return found[1]!.replace(/\\(.)/g, '$1');
  };
  return { mechanism, username: part('username'), password: part('password') };
}
