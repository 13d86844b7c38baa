import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalise } from './normalise-indicator.ts';

const LONG = 1_000_000;

// Events are other people's text: with time quadratic in it, each of these would take hours.
for (const [name, text] of [
  ['a host without end', `http://${'a'.repeat(LONG)} b`],
  ['a port without end', `http://a:${'1'.repeat(LONG)} b`],
  ['users without end', `http://${'a@'.repeat(LONG / 2)} b`],
  ['brackets without end', `http://${'['.repeat(LONG)} b`],
] as const)
  test(`${name} is no URL, and that is found in time linear in it`, () =>
    assert.equal(normalise('url', text), null));

for (const [text, url] of [
  ['HTTP://Example.COM:80/a?b#c', 'http://example.com/a?b'],
  ['http://me:pw@host:8080', 'http://me:pw@host:8080/'],
  ['http://[::1]:80?q', 'http://[::1]/?q'],
  // What follows a host and its port is a path, which begins with a slash, or it is another host's name.
  ['http://host:80x', null],
  ['http://host:x', null],
  ['http://a b', null],
] as const)
  test(`${text} is ${url}`, () => assert.equal(normalise('url', text), url));
