import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { securityOf } from './kafka-security.ts';
import { pairs, propertiesIn } from './options.ts';

const LOGIN =
  'org.apache.kafka.common.security.scram.ScramLoginModule required username="weir" password="a\\"b";';

test('without properties nothing is hidden', () => {
  assert.deepEqual(securityOf({}, ['kafka.example']), {});
});

test('the login is read from what Java is told', () => {
  const { sasl, tls } = securityOf(
    {
      'security.protocol': 'SASL_PLAINTEXT',
      'sasl.mechanism': 'SCRAM-SHA-512',
      'sasl.jaas.config': LOGIN,
    },
    ['kafka.example'],
  );
  assert.deepEqual(sasl, { mechanism: 'SCRAM-SHA-512', username: 'weir', password: 'a"b' });
  assert.equal(tls, undefined);
});

test('certificates are PEM, which Java and Node both read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-pem-'));
  const file = join(folder, 'ca.pem');
  writeFileSync(file, 'a certificate');
  const given = { 'security.protocol': 'SSL', 'ssl.truststore.location': file };
  const security = securityOf({ ...given, 'ssl.truststore.type': 'PEM' }, ['kafka.example']);
  assert.deepEqual(security, { tls: { ca: 'a certificate' }, tlsServerName: true });
  assert.throws(() => securityOf(given, ['kafka.example']), /ssl\.truststore\.type is JKS/);
  rmSync(folder, { recursive: true });
});

test('what is missing or not known is said', () => {
  const sasl = { 'security.protocol': 'SASL_SSL' };
  assert.throws(() => securityOf({ 'security.protocol': 'TLS' }, []), /not TLS/);
  assert.throws(() => securityOf(sasl, []), /sasl\.mechanism is one of .*, not missing/);
  assert.throws(() => securityOf({ ...sasl, 'sasl.mechanism': 'GSSAPI' }, []), /not GSSAPI/);
  const plain = { ...sasl, 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': 'x username="u";' };
  assert.throws(() => securityOf(plain, []), /has no password="…"/);
});

test('a file of properties is read as Java reads it, but for lines that go on', () => {
  const text = '# for the job\nsecurity.protocol = SSL\n\n  ssl.key.password=a=b\r\n';
  assert.deepEqual(propertiesIn(text, 'f'), {
    'security.protocol': 'SSL',
    'ssl.key.password': 'a=b',
  });
  assert.throws(() => propertiesIn('a=b\\\nc', 'f'), /f: a line ends with/);
  assert.throws(() => pairs('--kafka-property', ['x']), /--kafka-property takes name=value, not x/);
});
