// The documentation holds: links lead somewhere, every configuration in it is valid, every file it names exists.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { COMPONENTS } from '../../src/components.js';
import { type ConfigSources, loadConfig } from '../../src/config/load.js';
import { command } from '../support/commands.js';
import { ROOT } from '../support/paths.js';

const SKIPPED = new Set(['node_modules', 'build', '.git', 'proto']);

function markdown(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (SKIPPED.has(name)) return [];
    if (statSync(path).isDirectory()) return markdown(path);
    return name.endsWith('.md') ? [path] : [];
  });
}

/** Files of code below a folder. */
function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return name.endsWith('.ts') ? [path] : [];
  });
}

const files = markdown(ROOT);
const KINDS = [
  ...['latency_spike', 'latency_drop', 'throughput_spike', 'throughput_drop', 'error_rate_spike'],
  ...['byte_count_spike', 'byte_count_drop', 'unexpected_edge', 'traffic_pattern'],
];

/** GitHub's anchor of a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}

function anchorsOf(path: string): Set<string> {
  const text = readFileSync(path, 'utf8').replace(/```[\s\S]*?```/g, '');
  return new Set([...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor((heading ?? '').replace(/[`*]/g, ''))));
}

interface Block {
  readonly path: string;
  readonly text: string;
}

function yamlBlocks(): Block[] {
  return files.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => ({ path, text: text ?? '' })),
  );
}

interface CommandLine {
  readonly path: string;
  readonly line: string;
}

/** Lines of shell blocks, continued ones joined, and commands within the text. */
function commandLines(): CommandLine[] {
  return files.flatMap((path) => {
    const text = readFileSync(path, 'utf8');
    const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block.replace(/\\\n\s*/g, ' '));
    const inline = [...text.replace(/```[\s\S]*?```/g, '').matchAll(/`([^`\n]+)`/g)].flatMap(([, code = '']) =>
      /^(npx |bin\/|kubectl .*)?pxanomaly (?!\[)/.test(code) || code.includes('| npx pxanomaly') ? [code] : [],
    );
    return [...blocks.flatMap((block) => block.split('\n')), ...inline].map((line) => ({ path, line: line.trim() }));
  });
}

/** Commands that take a configuration and nothing else explain themselves in the general help. */
const NO_HELP = new Set(['validate', 'print-config', 'components']);

const isGateway = (config: Record<string, unknown> | null): boolean =>
  ['receivers', 'processors', 'exporters', 'connectors', 'extensions', 'service'].some(
    (key) => config && key in config,
  );

/** What a snippet leaves out, so that it can be checked by itself: a whole gateway whose parts the snippet replaces. */
function completed(config: Record<string, Record<string, unknown>>): object {
  const base = {
    receivers: { otlp: { protocols: { grpc: {} } } },
    exporters: { debug: {} },
    connectors: { anomaly_events: {} },
    processors: { memory_limiter: { check_interval: '1s', limit_mib: 500 }, anomaly: {} },
    extensions: { file_storage: { directory: tmpdir() } },
    service: {},
  };
  const merged: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(base), ...Object.keys(config)]))
    merged[key] = { ...(base as Record<string, object>)[key], ...config[key] };
  // A snippet with one pipeline stands beside the one that scores.
  const scoring = { receivers: ['otlp'], processors: ['anomaly'], exporters: ['debug', 'anomaly_events'] };
  const logs = { receivers: ['anomaly_events'], exporters: ['debug'] };
  const pipelines = { ...(config.service?.pipelines as Record<string, { exporters?: string[] }> | undefined) };
  const metrics = Object.keys(pipelines).some((key) => key.startsWith('metrics'));
  merged.service = { ...config.service, pipelines: { ...(metrics ? {} : { metrics: scoring, logs }), ...pipelines } };
  for (const name of Object.values(pipelines).flatMap(({ exporters }) => exporters ?? []))
    if (!(name in (merged.exporters as object)) && !(name in (merged.connectors as object))) addExporter(merged, name);
  return merged;
}

function addExporter(config: Record<string, unknown>, name: string): void {
  const known: Record<string, object> = {
    otlp_grpc: { endpoint: 'localhost:4317', tls: { insecure: true } },
    otlp_http: { endpoint: 'http://localhost:4318' },
    prometheus: {},
    file: { path: join(tmpdir(), 'anomalies.jsonl') },
  };
  config.exporters = { ...(config.exporters as object), [name]: known[name] ?? {} };
}

/** What `validate` would complain about. */
function errorsOf(sources: ConfigSources): string[] {
  const tokens = Object.fromEntries(
    ['PXANOMALY', 'SHOP', 'BANK', 'ADMIN'].map((of) => [`${of}_TOKEN`, `secret of ${of}`]),
  );
  const env = { ...tokens, ...process.env };
  const { problems } = loadConfig(COMPONENTS, { ...sources, env });
  return problems
    .filter(({ severity }) => severity === 'error')
    .map(({ path, message }) => `${path.join('::')}: ${message}`);
}

describe('documentation', () => {
  it('every link to a file leads to one, every anchor to a heading', () => {
    const broken: string[] = [];
    for (const path of files) {
      const text = readFileSync(path, 'utf8').replace(/```[\s\S]*?```/g, '');
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^(https?:|mailto:)/.test(target)) continue;
        const [file = '', hash] = target.split('#');
        const full = file === '' ? path : join(dirname(path), file);
        if (!existsSync(full)) broken.push(`${relative(ROOT, path)}: ${target}`);
        else if (hash && full.endsWith('.md') && !anchorsOf(full).has(hash))
          broken.push(`${relative(ROOT, path)}: ${target}`);
      }
    }
    assert.deepEqual(broken, []);
  });

  it('every gateway configuration in it passes validate', () => {
    const wrong: string[] = [];
    let checked = 0;
    for (const { path, text } of yamlBlocks()) {
      const config = parse(text) as Record<string, Record<string, unknown>> | null;
      // Configurations of other programs stand on the pages too: of the Collector's own components, of Kubernetes, of
      // Prometheus.
      if (!isGateway(config) || /load_balancing|servicegraph:|spanmetrics:|scrape_configs/.test(text)) continue;
      const errors = errorsOf({ value: completed(config as never) });
      checked++;
      if (errors.length > 0) wrong.push(`${relative(ROOT, path)}:\n${text}\n${errors.join('\n')}`);
    }
    assert.deepEqual(wrong, []);
    assert.ok(checked >= 10, `${checked} configurations`);
  });

  it('the recipes for the Collector pass validate', () => {
    const recipes = ['after-servicegraph', 'after-spanmetrics', 'in-front'].map((name) => `${name}/pxanomaly.yaml`);
    for (const recipe of [...recipes, 'from-spans.yaml'])
      assert.deepEqual(errorsOf({ uris: [join(ROOT, 'deploy/collector', recipe)] }), [], recipe);
  });

  it('every file of deploy/ that a page names in a command exists', () => {
    for (const path of files)
      for (const [name] of readFileSync(path, 'utf8').matchAll(/\bdeploy\/[\w./-]+\.(?:yaml|yml|sh|pxl|json|mjs)\b/g))
        assert.ok(existsSync(join(ROOT, name)), `${relative(ROOT, path)} names ${name}`);
  });

  it('every command of ours in it exists, with every option, and is called as it can be', async () => {
    const helps = new Map<string, string>();
    const help = async (name: string): Promise<string> => {
      const known = helps.get(name) ?? (await command(name, '--help').catch(() => ({ stdout: '' }))).stdout;
      helps.set(name, known);
      return known;
    };
    const general = await help('help');
    const wrong: string[] = [];
    let checked = 0;
    for (const { path, line } of commandLines()) {
      // A pod has the program at a path of its own; our own chart and image are called by the same name.
      for (const [, call = '', rest = ''] of line.matchAll(
        /(?<![\w./-])((?:npx |bin\/|node \/app\/bin\/)?pxanomaly)(?= )([^|;#`]*)/g,
      )) {
        const [first = '', ...words] = rest.trim().split(/\s+/);
        if (call === 'pxanomaly') {
          if (!/^(helm|kubectl|docker) /.test(line))
            wrong.push(`${relative(ROOT, path)}: not installed under that name: ${line}`);
          continue;
        }
        checked++;
        const text = first.startsWith('-') || first === '' ? general : await help(first);
        const options = [first, ...words].flatMap((word) => /^--[a-z-]+/.exec(word) ?? []);
        // Every command with a configuration has these two.
        const missing = options.filter((option) => !text.includes(option) && !['--config', '--set'].includes(option));
        if (text === '' && !NO_HELP.has(first)) wrong.push(`${relative(ROOT, path)}: no command "${first}": ${line}`);
        if (text !== '' && missing.length > 0) wrong.push(`${relative(ROOT, path)}: ${missing.join()}: ${line}`);
      }
    }
    assert.deepEqual(wrong, []);
    assert.ok(checked > 20, `${checked} commands`);
  });

  it('every metric that a page, a rule or a dashboard names is one that we have', () => {
    const source = sources(join(ROOT, 'src'))
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n');
    const underscored = (name: string): string => name.replaceAll('.', '_');
    const literals = new Set(
      [...source.matchAll(/['"`]([a-z][a-z0-9_.]*)['"`]/g)].map(([, name]) => underscored(name!)),
    );
    // Names are also put together: `otelcol_receiver_accepted_${items}`.
    const begun = [...source.matchAll(/`((?:pxanomaly|otelcol|px\.anomaly)[a-z0-9_.]*)\$\{/g)].map(([, name]) =>
      underscored(name!),
    );
    // What Prometheus and its text format put behind a name, and what each signal has.
    const bare = (name: string): string =>
      name.replace(/_(?:total|bucket|count|sum|seconds|bytes|ratio|per_second|metric_points|spans|log_records)$/, '');
    const isKnown = (name: string): boolean => {
      if (literals.has(name)) return true;
      if (begun.some((head) => name.startsWith(head) && literals.has(name.slice(head.length)))) return true;
      const shorter = bare(name);
      return shorter !== name && isKnown(shorter);
    };
    const isKind = (name: string): boolean => KINDS.some((kind) => name === `px_anomaly_network_${kind}`);
    const pages = [
      ...files,
      ...['prometheus/rules.yml', 'prometheus/rules.test.yml'].map((at) => join(ROOT, 'deploy', at)),
    ];
    const unknown = pages.flatMap((path) => {
      const text = readFileSync(path, 'utf8');
      const named = text.match(/\b(?:pxanomaly|otelcol|px_anomaly)_[a-z0-9_]*[a-z0-9](?![a-z0-9_]*[*<{_])/g) ?? [];
      return named.filter((name) => !isKnown(name) && !isKind(name)).map((name) => `${relative(ROOT, path)}: ${name}`);
    });
    assert.deepEqual([...new Set(unknown)], []);
  });

  it('whoever is told to install an image or a package learns that none is published, and what to do', () => {
    for (const path of files) {
      const text = readFileSync(path, 'utf8');
      const name = relative(ROOT, path);
      if (/npm install pxanomaly\b/.test(text)) assert.fail(`${name}: the package is not in a registry`);
      for (const [block] of text.matchAll(/helm install [^`]*/g))
        assert.match(block, /--set image\.repository=/, `${name}: ${block}`);
      if (/helm install|npm install .*\.tgz/.test(text) && name !== 'CHANGELOG.md')
        assert.match(text, /(not|none is|nor the image is|is) published yet/, name);
    }
  });

  it('says nothing of the place where it was written', () => {
    for (const path of files)
      assert.doesNotMatch(readFileSync(path, 'utf8'), /\/work\/|registry\.npmjs|proxy\.golang/, relative(ROOT, path));
  });
});
