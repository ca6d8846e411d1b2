// Hashes of passwords as Apache's htpasswd writes them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseHtpasswd, verify } from '../../src/extensions/basicauth/htpasswd.js';

describe('a line of an htpasswd file', () => {
  // Made by `openssl passwd -apr1 -salt SALT PASSWORD`.
  const APR1: readonly (readonly [password: string, hash: string])[] = [
    ['secret', '$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/'],
    ['', '$apr1$12345678$sHuPAw7VA9xjRbJz7zKV7/'],
    ['a', '$apr1$xy$T6yk43HTfQwCY.mtbxwJ8/'],
    ['a longer password than sixteen bytes', '$apr1$QRSTUVWX$Y5zlu86BIJefmjdh4e5631'],
    ['ünïcödé', '$apr1$saltsalt$ZFEQtrtqgMLMWW17C10zY.'],
  ];
  for (const [password, hash] of APR1) {
    test(`apr1 of ${password.length} letters`, () => {
      const one = parseHtpasswd(`user:${hash}`).get('user')!;
      assert.equal(one.scheme, 'apr1');
      assert.equal(verify(one, password), true);
      assert.equal(verify(one, `${password}x`), false);
    });
  }

  test('SSHA', () => {
    const one = parseHtpasswd('user:{SSHA}bhKz6M6SsTIcZECcDSBD31PGJ6U4Ynl0ZXMhIQ==').get('user')!;
    assert.equal(verify(one, 'secret'), true);
    assert.equal(verify(one, 'Secret'), false);
  });

  test('comments and empty lines say nothing; what is no user:hash is refused by its number alone', () => {
    assert.deepEqual([...parseHtpasswd('# a\n\nb:c\r\n').keys()], ['b']);
    assert.throws(() => parseHtpasswd('a:b\nsecret'), /^Error: line 2 is not user:hash$/);
    assert.throws(() => parseHtpasswd('a:$6$salt$hash'), /line 1: a hash of this kind is not supported; htpasswd -B/);
    assert.throws(() => parseHtpasswd(`a:$2y$20$${'a'.repeat(53)}`), /bcrypt of cost 20 takes seconds/);
  });
});
