import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { programName } from '../../src/terminal/program.js';

const folder = mkdtempSync(join(tmpdir(), 'pxanomaly-program-'));
after(() => rmSync(folder, { recursive: true }));

describe('how commands are printed', () => {
  it('as npx finds an installed package, called by its link or by its file', () => {
    const installed = join(folder, 'node_modules/pxanomaly/bin');
    mkdirSync(installed, { recursive: true });
    mkdirSync(join(folder, 'node_modules/.bin'));
    mkdirSync(join(folder, 'usr-bin'));
    writeFileSync(join(installed, 'pxanomaly'), '');
    symlinkSync(join(installed, 'pxanomaly'), join(folder, 'node_modules/.bin/pxanomaly'));
    symlinkSync(join(installed, 'pxanomaly'), join(folder, 'usr-bin/pxanomaly'));
    for (const script of ['node_modules/.bin', 'node_modules/pxanomaly/bin', 'usr-bin'])
      assert.equal(programName(join(folder, script, 'pxanomaly'), folder), 'npx pxanomaly', script);
  });

  it('by the path of a checkout, from where the user is', () => {
    assert.equal(programName('/src/pxanomaly/bin/pxanomaly', '/src/pxanomaly'), 'bin/pxanomaly');
    assert.equal(programName('/src/pxanomaly/bin/pxanomaly', '/home/me'), '/src/pxanomaly/bin/pxanomaly');
  });

  it('as the entry point of the image', () => {
    assert.equal(programName('/app/bin/pxanomaly', '/app'), 'node /app/bin/pxanomaly');
  });
});
