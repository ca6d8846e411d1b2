// What is kept of the texts in requests, for some requests; for 10,000 in kept-texts.slow.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownText } from '../../src/otlp/own-text.js';
import { testKeptTexts } from '../support/kept-texts.js';

testKeptTexts(500);

test('an own text is equal, whatever its letters are', () => {
  for (const text of ['', 'shop', 'grün', '日本', '😀\ud83d', 'a'.repeat(1000)]) assert.equal(ownText(text), text);
});
