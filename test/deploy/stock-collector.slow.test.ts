// What we write ourselves is the Collector's language of today: a stock Collector takes every configuration of ours,
// our own components aside.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { template, USES } from '../../src/commands/init/templates.js';
import { ROOT } from '../support/paths.js';
import { peer, withoutGo } from '../support/peers/programs.js';

type Section = Record<string, unknown>;
interface Pipeline {
  receivers: string[];
  processors?: string[];
  exporters: string[];
}
interface Config extends Record<string, Section | undefined> {
  service: Section & { extensions?: string[]; pipelines: Record<string, Pipeline> };
}

const SECTIONS = ['receivers', 'processors', 'connectors', 'exporters', 'extensions'] as const;

/**
 * The components that the Collector at hand has, by section; ours and those of other distributions are left out,
 * everything else stays.
 */
function ofTheCollector(config: Config, known: Record<string, { name: string }[]>): Config {
  const kept = (section: string, id: string): boolean =>
    (known[section] ?? []).some(({ name }) => name === id.split('/')[0]);
  const has = (id: string): boolean =>
    SECTIONS.some((section) => config[section]?.[id] !== undefined && kept(section, id));
  const out = structuredClone(config);
  for (const section of SECTIONS)
    for (const id of Object.keys(out[section] ?? {})) if (!kept(section, id)) delete out[section]![id];
  out.service.extensions = (out.service.extensions ?? []).filter(has);
  for (const [id, pipeline] of Object.entries(out.service.pipelines)) {
    pipeline.receivers = pipeline.receivers.filter(has);
    pipeline.processors = (pipeline.processors ?? []).filter(has);
    pipeline.exporters = pipeline.exporters.filter(has);
    if (pipeline.receivers.length === 0 || pipeline.exporters.length === 0) delete out.service.pipelines[id];
  }
  return out;
}

/** The configuration that a plain manifest carries. */
function ofManifest(name: string): string {
  const text = readFileSync(join(ROOT, 'deploy/kubernetes', name), 'utf8');
  const maps = parseAllDocuments(text).map((document) => document.toJS());
  return maps.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'pxanomaly').data['config.yaml'];
}

describe('configurations of ours in a stock Collector', { skip: withoutGo }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'pxanomaly-stock-'));
  let collector = '';
  let known: Record<string, { name: string }[]> = {};
  before(() => {
    collector = peer('collector.sh');
    known = parse(spawnSync(collector, ['components'], { encoding: 'utf8' }).stdout);
  });
  after(() => rmSync(folder, { recursive: true }));

  function validate(config: Config): string {
    const file = join(folder, 'config.yaml');
    writeFileSync(file, stringify(config));
    const { stdout, stderr } = spawnSync(collector, ['validate', '--config', file], {
      encoding: 'utf8',
      env: { ...process.env, PXANOMALY_FORWARD_HEADERS: '{"api-key":"s"}' },
    });
    return stdout + stderr;
  }

  const written: Record<string, string> = {
    ...Object.fromEntries(USES.map((use) => [`init ${use}`, template(use)])),
    ...Object.fromEntries(['deployment', 'daemonset', 'statefulset'].map((mode) => [mode, ofManifest(`${mode}.yaml`)])),
    ...Object.fromEntries(
      ['after-servicegraph/pxanomaly', 'after-spanmetrics/pxanomaly', 'in-front/pxanomaly', 'from-spans'].map(
        (name) => [name, readFileSync(join(ROOT, `deploy/collector/${name}.yaml`), 'utf8')],
      ),
    ),
  };
  for (const [name, text] of Object.entries(written))
    it(`${name}: every key that is not of our own components is one of its own`, () => {
      assert.equal(validate(ofTheCollector(parse(text), known)), '');
    });

  it('would say so: the older key for the address of the own metrics', () => {
    const config = ofTheCollector(parse(template('pixie')), known);
    config.service.telemetry = { metrics: { address: 'localhost:8888' } };
    assert.match(validate(config), /address/);
  });
});
