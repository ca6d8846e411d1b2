// Names, globs, units, attributes: the small things that decide what an edge is.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { bounded, lookUp, parseReference, readAttributes } from '../../src/processors/anomaly/rules/attributes.js';
import { type Condition, compileConditions } from '../../src/processors/anomaly/rules/conditions.js';
import { compileGlob } from '../../src/processors/anomaly/rules/glob.js';
import { formatService, isAddress, parseService } from '../../src/processors/anomaly/rules/names.js';
import { unitFactor } from '../../src/processors/anomaly/rules/units.js';
import { keyValues } from '../support/otlp.js';

describe('service names', () => {
  const cases: [text: string, namespace: string, service: string][] = [
    ['shop/checkout', '', 'shop/checkout'],
    ['shop/checkout', 'other', 'shop/checkout'],
    ['checkout', 'shop', 'shop/checkout'],
    ['checkout', '', 'checkout'],
    ['["shop/b","shop/a"]', '', 'shop/a'],
    ['["a"]', 'shop', 'shop/a'],
    ['[]', 'shop', 'external'],
    ['[broken', 'shop', 'shop/[broken'],
    ['', 'shop', 'external'],
    ['10.0.0.1', 'shop', 'external'],
    ['10.0.0.1:8080', '', 'external'],
    ['::1', '', 'external'],
    ['fe80::1%eth0', '', 'external'],
    ['checkout.shop.svc.cluster.local', '', 'shop/checkout'],
    ['checkout.shop.svc', 'other', 'shop/checkout'],
    ['api.example.com', '', 'api.example.com'],
    ['/x', '', '/x'],
    ['x/', '', 'x/'],
    ['a/b/c', '', 'a/b/c'],
  ];
  for (const [text, namespace, service] of cases) {
    test(`"${text}" in "${namespace}" is ${service}`, () => {
      assert.equal(formatService(parseService(text, namespace)), service);
    });
  }

  test('any IPv4 address is one, with and without a port', () => {
    fc.assert(fc.property(fc.ipV4(), fc.nat(65_535), (ip, port) => isAddress(ip) && isAddress(`${ip}:${port}`)));
  });

  test('any IPv6 address is one, with and without a port', () => {
    fc.assert(fc.property(fc.ipV6(), fc.nat(65_535), (ip, port) => isAddress(ip) && isAddress(`[${ip}]:${port}`)));
  });
});

describe('globs', () => {
  test('stars capture, everything else stands for itself', () => {
    assert.deepEqual(compileGlob('*.edge.*')('http.edge.latency'), ['http', 'latency']);
    assert.deepEqual(compileGlob('a.b')('a.b'), []);
    assert.equal(compileGlob('a.b')('axb'), undefined);
    assert.equal(compileGlob('a?c')('abc')?.length, 0);
    assert.equal(compileGlob('*.latency')('latency'), undefined);
  });

  test('a text without stars matches itself alone', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        const plain = a.replace(/[*?]/g, '');
        return compileGlob(plain)(plain) !== undefined && (compileGlob(plain)(b) !== undefined) === (plain === b);
      }),
    );
  });
});

describe('units', () => {
  test('times, sizes and counts', () => {
    assert.equal(unitFactor('ms', 'time')?.factor, 1e-3);
    assert.equal(unitFactor('By', 'time'), undefined);
    assert.equal(unitFactor('KiBy', 'size')?.factor, 1024);
    assert.equal(Math.round(unitFactor('By/ns', 'size')!.factor), 1e9);
    assert.equal(unitFactor('By/ns', 'size')?.perSecond, true);
    assert.equal(unitFactor('s', 'size'), undefined);
    assert.deepEqual(unitFactor('{request}', 'count'), { factor: 1, perSecond: false });
    assert.deepEqual(unitFactor('1/s', 'count'), { factor: 1, perSecond: true });
    assert.deepEqual(unitFactor('reqps', 'count'), { factor: 1, perSecond: true });
    assert.deepEqual(unitFactor('%', 'count'), { factor: 0.01, perSecond: false });
  });

  test('no unit is seconds, bytes, a count', () => {
    for (const dimension of ['time', 'size', 'count'] as const) assert.equal(unitFactor('', dimension)?.factor, 1);
  });

  test('a name of an object of JavaScript is no unit', () => {
    assert.equal(unitFactor('constructor', 'time'), undefined);
  });
});

describe('attributes', () => {
  const sets = {
    point: new Map([['a', 'point'] as const]),
    resource: new Map([['a', 'resource'] as const, ['http.service', 'web'] as const]),
    scope: new Map([['b', 'scope'] as const]),
  };

  test('point before resource before scope, or one of them', () => {
    const look = (text: string, captures: string[] = []) => lookUp(sets, parseReference(text), captures);
    assert.equal(look('a'), 'point');
    assert.equal(look('resource:a'), 'resource');
    assert.equal(look('scope:a'), undefined);
    assert.equal(look('b'), 'scope');
    assert.equal(look('{1}.service', ['http']), 'web');
    assert.equal(look('c'), undefined);
  });

  test('every type of value; a list of strings is the text that Pixie writes', () => {
    const attributes = readAttributes(keyValues({ s: 'x', i: 7, d: 1.5, b: true, l: ['n/a', 'n/b'] }));
    assert.deepEqual(Object.fromEntries(attributes), { s: 'x', i: 7, d: 1.5, b: true, l: '["n/a","n/b"]' });
    const bytes = readAttributes([{ key: 'raw', value: { bytesValue: new Uint8Array([0x61, 0xff]) } }]);
    assert.equal(bytes.get('raw'), 'a\ufffd');
  });

  test('no text is longer than 256 bytes, and none is cut inside a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 0, maxLength: 400 }), (text) => {
        const cut = bounded(text);
        return Buffer.byteLength(cut) <= 256 && text.startsWith(cut) && Buffer.from(cut).toString() === cut;
      }),
    );
    assert.equal(bounded('x'.repeat(300)).length, 256);
  });
});

describe('conditions', () => {
  const holds = (condition: Condition, value: string | number | boolean | undefined) => {
    const point = new Map(value === undefined ? [] : [['k', value] as const]);
    return compileConditions({ k: condition })({ point, resource: new Map(), scope: new Map() }, []);
  };

  test('values, lists, globs', () => {
    assert.equal(holds('x', 'x'), true);
    assert.equal(holds('5*', 503), true);
    assert.equal(holds(['a', 'b'], 'b'), true);
    assert.equal(holds(['a', 'b'], 'c'), false);
    assert.equal(holds(true, 'true'), true);
    assert.equal(holds(true, undefined), false);
  });

  test('comparisons must all hold; what is no number satisfies none', () => {
    assert.equal(holds({ gte: 500, lt: 600 }, 503), true);
    assert.equal(holds({ gte: 500, lt: 600 }, 600), false);
    assert.equal(holds({ gt: 0 }, '1'), true);
    assert.equal(holds({ lte: 5 }, 'many'), false);
    assert.equal(holds({ gte: 0 }, ''), false);
  });

  test('presence', () => {
    assert.equal(holds({ exists: true }, ''), false);
    assert.equal(holds({ present: true }, ''), true);
    assert.equal(holds({ exists: false }, undefined), true);
    assert.equal(holds({ not: 'x' }, 'y'), true);
    assert.equal(holds({ not: ['x', 'y'] }, 'y'), false);
    assert.equal(holds({ not: 'x' }, undefined), false);
  });
});
