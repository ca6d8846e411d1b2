// The Helm chart and the manifests rendered from it: lint, template and Kubernetes' own schemas over every mode.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { ROOT } from '../support/paths.js';
import { peer, withoutGo } from '../support/peers/programs.js';

const CHART = join(ROOT, 'deploy/helm/pxanomaly');

const MODES: Record<string, string[]> = {
  'deployment (default)': [],
  daemonset: ['mode=daemonset'],
  'statefulset behind a tier': ['mode=statefulset', 'replicas=3', 'loadBalancing.enabled=true'],
  'single statefulset': ['mode=statefulset'],
  'without volume': ['persistence.enabled=false'],
  'everything on': [
    'forward.endpoint=otel-collector:4317',
    'tokenSecret=pxanomaly-token',
    'pixieHost=work.example.org',
    'networkPolicy.enabled=true',
    'serviceMonitor.enabled=true',
  ],
};

interface Manifest {
  kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: a manifest is looked into, not modelled.
  [key: string]: any;
}

describe('Helm chart', { skip: withoutGo }, () => {
  let helm = '';
  let kubeconform = '';
  let schemas = '';
  before(() => {
    const programs = peer('helm.sh');
    helm = join(programs, 'helm');
    kubeconform = join(programs, 'kubeconform');
    schemas = peer('kubernetes-schemas.sh');
  });

  function template(values: string[]): { status: number | null; text: string; error: string } {
    const sets = values.flatMap((value) => ['--set', value]);
    const args = ['template', 'pxanomaly', CHART, '--namespace', 'observability', '--kube-version', '1.32.0', ...sets];
    const { status, stdout, stderr } = spawnSync(helm, args, { encoding: 'utf8' });
    return { status, text: stdout, error: stderr };
  }

  function manifests(values: string[]): Manifest[] {
    const { status, text, error } = template(values);
    assert.equal(status, 0, error);
    return parseAllDocuments(text)
      .map((document) => document.toJS() as Manifest)
      .filter(Boolean);
  }

  function workload(values: string[]): Manifest {
    const kinds = ['Deployment', 'DaemonSet', 'StatefulSet'];
    const found = manifests(values).find(({ kind, metadata }) => kinds.includes(kind) && metadata.name === 'pxanomaly');
    assert.ok(found);
    return found;
  }

  it('lints', () => {
    const { status, stdout } = spawnSync(helm, ['lint', '--strict', CHART], { encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });

  for (const [mode, values] of Object.entries(MODES))
    it(`${mode}: every manifest is valid Kubernetes`, () => {
      const { text } = template(values);
      const location = `${schemas}/{{ .ResourceKind }}{{ .KindSuffix }}.json`;
      const args = ['-strict', '-summary', '-skip', 'ServiceMonitor', '-schema-location', location, '-'];
      const { status, stdout } = spawnSync(kubeconform, args, { encoding: 'utf8', input: text });
      assert.equal(status, 0, stdout);
      assert.match(stdout, /Invalid: 0, Errors: 0/);
    });

  it('the default is one replica with Recreate and a volume, so that state survives a rollout', () => {
    const { kind, spec } = workload([]);
    assert.equal(kind, 'Deployment');
    assert.equal(spec.replicas, 1);
    assert.equal(spec.strategy.type, 'Recreate');
    const volumes = spec.template.spec.volumes as Manifest[];
    assert.ok(volumes.some((volume) => volume.persistentVolumeClaim));
  });

  it('a DaemonSet serves the senders of its own node', () => {
    const service = manifests(['mode=daemonset']).find(({ kind }) => kind === 'Service');
    assert.equal(service?.spec.internalTrafficPolicy, 'Local');
  });

  it('a tier balances by cluster and the Service points at it', () => {
    const all = manifests(['mode=statefulset', 'replicas=3', 'loadBalancing.enabled=true']);
    const tier = all.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'pxanomaly-tier');
    assert.match(tier?.data['config.yaml'], /routing_attributes: \[px\.cluster\.id\]/);
    const service = all.find(({ kind, metadata }) => kind === 'Service' && metadata.name === 'pxanomaly');
    assert.equal(service?.spec.selector['app.kubernetes.io/component'], 'tier');
  });

  it('more than one replica without a tier is refused, and says why', () => {
    for (const values of [
      ['replicas=2'],
      ['replicas=2', 'mode=statefulset'],
      ['replicas=2', 'loadBalancing.enabled=true'],
    ]) {
      const { status, error } = template(values);
      assert.notEqual(status, 0, values.join());
      assert.match(error, /more than one replica behind one Service would each see a part of every edge/);
    }
  });

  it('an unknown value is refused', () => {
    assert.match(template(['thresold=0.95']).error, /additional properties 'thresold' not allowed/);
  });

  for (const [mode, values] of Object.entries(MODES))
    it(`${mode}: not root, read-only, no capabilities, no token of the API`, () => {
      const { template: pod } = workload(values).spec;
      const [container] = pod.spec.containers;
      assert.equal(pod.spec.securityContext.runAsNonRoot, true);
      assert.equal(pod.spec.automountServiceAccountToken, false);
      assert.equal(container.securityContext.readOnlyRootFilesystem, true);
      assert.deepEqual(container.securityContext.capabilities.drop, ['ALL']);
      assert.ok(container.resources.limits.memory);
    });

  it("probes ask the pod's own address, where the health check listens", () => {
    const [container] = workload([]).spec.template.spec.containers;
    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'])
      assert.equal(container[probe].httpGet.port, 'health');
    const config = manifests([]).find(({ kind }) => kind === 'ConfigMap')?.data['config.yaml'];
    assert.match(config, /health_check:\s+endpoint: 0\.0\.0\.0:13133/);
  });

  it('the ServiceMonitor keeps the labels of the watched services', () => {
    const monitor = manifests(['serviceMonitor.enabled=true']).find(({ kind }) => kind === 'ServiceMonitor');
    assert.equal(monitor?.spec.endpoints[0].honorLabels, true);
  });

  it('the plain manifests are current', () => {
    const render = join(ROOT, 'deploy/kubernetes/render.sh');
    const { status, stderr } = spawnSync('bash', [render, '--check'], {
      encoding: 'utf8',
      env: { ...process.env, HELM: helm },
    });
    assert.equal(status, 0, stderr);
  });
});
