// The map of the program is one: short, and what it walks along exists.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from '../support/paths.js';

const page = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');

function section(title: string): string {
  const start = page.indexOf(`## ${title}`);
  assert.ok(start >= 0, title);
  return page.slice(start, page.indexOf('\n## ', start + 3));
}

describe('docs/architecture.md', () => {
  it('has fewer than 1,500 words', () => {
    assert.ok(page.split(/\s+/).length < 1500);
  });

  for (const title of ['A request, from socket to window', 'A finding, from kernel to event'])
    it(`walks in fewer than ten steps, each naming a file that exists: ${title}`, () => {
      const steps = section(title)
        .split(/\n\d+\. /)
        .slice(1);
      assert.ok(steps.length > 3 && steps.length < 10, `${steps.length} steps`);
      for (const step of steps) {
        const files = [...step.matchAll(/`((?:src|assembly)\/[^`]+\.ts)`/g)].map(([, path]) => path!);
        assert.ok(files.length > 0, step);
        for (const path of files) assert.ok(existsSync(join(ROOT, path)), path);
      }
    });
});
