// The Pixie kit: PxL that parses, names that Pixie has, columns that the tables have, generated files that are current.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const kit = join(root, 'deploy/pixie');
const names = JSON.parse(readFileSync(join(root, 'test/fixtures/pixie-names.json'), 'utf8')) as {
  px: string[];
  otel: string[];
  plugin: string[];
  tables: Record<string, string[]>;
};

/** Every PxL file of the kit, with the placeholders of the backfill filled in. */
function scripts(): { name: string; text: string }[] {
  const files = readdirSync(kit, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.pxl'));
  return files.map((name) => ({
    name,
    text: readFileSync(join(kit, name), 'utf8').replace(/__(START|END)_NS__/g, '0'),
  }));
}

const python = spawnSync('python3', ['--version']).status === 0;

describe('Pixie kit', () => {
  it('has scripts for HTTP, connections and four databases, a backfill and a live view', () => {
    assert.equal(scripts().length, 8);
  });

  for (const { name, text } of scripts()) {
    it(`${name} parses as Python`, { skip: python ? false : 'python3 is not installed' }, () => {
      const result = spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], { input: text });
      assert.equal(result.status, 0, result.stderr.toString());
    });

    it(`${name} uses only names that Pixie has`, () => {
      for (const [, path] of text.matchAll(/(?<!['.\w])px\.((?:otel|plugin)\.[A-Za-z_.]+|[A-Za-z_0-9]+)/g)) {
        const [first = '', ...rest] = path!.split('.');
        if (first === 'otel') assert.ok(names.otel.includes(rest.join('.')), `px.${path}`);
        else if (first === 'plugin') assert.ok(names.plugin.includes(rest.join('.')), `px.${path}`);
        else assert.ok(names.px.includes(first), `px.${path}`);
      }
    });

    it(`${name} reads only columns that its table has`, () => {
      const table = /table='([^']+)'/.exec(text)?.[1] ?? '';
      const columns = names.tables[table];
      assert.ok(columns, `unknown table ${table}`);
      const made = new Set([...text.matchAll(/\bdf\.([a-z_0-9]+) = /g)].map((match) => match[1]));
      for (const [, column] of text.matchAll(/^ {4}([a-z_]+)=\('/gm)) made.add(column);
      for (const [, column] of text.matchAll(/\bdf\.([a-z_0-9]+)\b(?!\()/g)) {
        if (column === 'ctx') continue;
        assert.ok(columns.includes(column!) || made.has(column), `${column} is neither in ${table} nor made before`);
      }
    });
  }

  it('the edge scripts send the end of the run as the time of every row', () => {
    for (const { name, text } of scripts().filter((script) => script.name.startsWith('scripts/')))
      assert.match(text, /^df\.time_ = px\.int64_to_time\(px\.plugin\.end_time\)$/m, name);
  });

  it('connections are reported from the client only', () => {
    assert.match(readFileSync(join(kit, 'scripts/connection-edges.pxl'), 'utf8'), /df\[df\.trace_role == CLIENT\]/);
  });

  it('the ConfigMaps and the plugin are current', () => {
    const result = spawnSync(process.execPath, [join(kit, 'generate.mjs'), '--check'], { cwd: root });
    assert.equal(result.status, 0, result.stderr.toString());
  });

  it('the ConfigMaps are what the query broker reads', () => {
    for (const file of readdirSync(join(kit, 'cron'))) {
      const map = parse(readFileSync(join(kit, 'cron', file), 'utf8'));
      assert.equal(map.metadata.labels.purpose, 'cron-script');
      assert.deepEqual(Object.keys(map.data), ['configs.yaml', 'cron.yaml', 'script.pxl']);
      assert.equal(parse(map.data['cron.yaml']).frequency_s, 10);
      const endpoint = parse(map.data['configs.yaml']).otelEndpointConfig;
      assert.doesNotMatch(endpoint.url, /:\/\//, 'Pixie wants host:port, no scheme');
      for (const [key, value] of Object.entries(endpoint.headers)) {
        assert.equal(key, key.toLowerCase(), 'gRPC metadata keys are lower case');
        assert.equal(typeof value, 'string');
      }
    }
  });

  it('the plugin has the fields of the plugin registry', () => {
    const plugin = parse(readFileSync(join(kit, 'plugin/pxanomaly/plugin.yaml'), 'utf8'));
    for (const key of ['name', 'id', 'version', 'updated', 'dataRetentionEnabled']) assert.ok(plugin[key], key);
    assert.match(plugin.version, /^\d\.\d\.\d$/, 'Pixie picks the newest version as text: single digits only');
    const retention = parse(readFileSync(join(kit, 'plugin/pxanomaly/retention.yaml'), 'utf8'));
    assert.deepEqual(
      Object.keys(retention.configurations).toSorted((a, b) => (a < b ? -1 : 1)),
      [
        'x-pxanomaly-detectors',
        'x-pxanomaly-export-interval',
        'x-pxanomaly-incidents-per-day',
        'x-pxanomaly-threshold',
        'x-pxanomaly-token',
      ],
    );
    assert.equal(retention.presetScripts.length, 6);
    for (const preset of retention.presetScripts) assert.equal(typeof preset.script, 'string');
  });

  it('the backfill walks the slices from the oldest to the newest without holes', () => {
    const result = spawnSync('bash', [join(kit, 'backfill/backfill.sh'), 'gateway.observability:4317', '1', '600'], {
      env: { ...process.env, DRY_RUN: '1' },
    });
    assert.equal(result.status, 0, result.stderr.toString());
    const text = result.stdout.toString();
    const starts = [...text.matchAll(/^START_NS = (\d+)$/gm)].map((match) => BigInt(match[1]!));
    const ends = [...text.matchAll(/^END_NS = (\d+)$/gm)].map((match) => BigInt(match[1]!));
    assert.equal(starts.length, 6);
    for (let i = 1; i < starts.length; i++) assert.equal(starts[i], ends[i - 1]);
    assert.match(text, /url='gateway\.observability:4317'/);
  });
});
