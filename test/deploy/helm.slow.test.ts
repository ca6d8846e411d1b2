// The Helm chart and the manifests rendered from it: lint, template and Kubernetes' own schemas over every mode.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { COMPONENTS } from '../../src/components.js';
import { loadConfig } from '../../src/config/load.js';
import { formatProblem } from '../../src/config/problem.js';
import { ROOT } from '../support/paths.js';
import { peer, withoutGo } from '../support/peers/programs.js';

const CHART = join(ROOT, 'deploy/helm/pxanomaly');

const MODES: Record<string, string[]> = {
  'deployment (default)': [],
  daemonset: ['mode=daemonset'],
  'statefulset behind a tier': ['mode=statefulset', 'replicas=3', 'loadBalancing.enabled=true'],
  'single statefulset': ['mode=statefulset'],
  'without volume': ['persistence.enabled=false'],
  'daemonset on a directory of the node': ['mode=daemonset', 'persistence.hostPath=/var/lib/pxanomaly'],
  'statefulset behind a tier with TLS': [
    'mode=statefulset',
    'replicas=2',
    'loadBalancing.enabled=true',
    'tls.existingSecret=c',
  ],
  'seen from outside': ['service.type=LoadBalancer'],
  'everything on': [
    'forward.endpoint=otel-collector:4317',
    'forward.headers.api-key=s3cr3t',
    'token.existingSecret=pxanomaly-token',
    'tls.existingSecret=pxanomaly-tls',
    'pixieHost=work.example.org',
    'networkPolicy.enabled=true',
    'serviceMonitor.enabled=true',
    'podMonitor.enabled=true',
    'prometheusRule.enabled=true',
    'persistence.existingClaim=mine',
    'extraEnvs[0].name=SSL_CERT_FILE',
    'extraEnvs[0].value=/etc/ca/ca.crt',
    'extraEnvsFrom[0].configMapRef.name=more',
    'extraVolumes[0].name=ca',
    'extraVolumes[0].secret.secretName=ca',
    'extraVolumeMounts[0].name=ca',
    'extraVolumeMounts[0].mountPath=/etc/ca',
    'topologySpreadConstraints[0].maxSkew=1',
    'topologySpreadConstraints[0].topologyKey=topology.kubernetes.io/zone',
    'topologySpreadConstraints[0].whenUnsatisfiable=ScheduleAnyway',
  ],
};

/** Kinds of the Prometheus operator, which Kubernetes' own schemas do not have. */
const OPERATOR = 'ServiceMonitor,PodMonitor,PrometheusRule';

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

  function template(
    values: string[],
    chart = CHART,
    more = ['--kube-version', '1.32.0'],
  ): { status: number | null; text: string; error: string } {
    const sets = values.flatMap((value) => ['--set', value]);
    const args = ['template', 'pxanomaly', chart, '--namespace', 'observability', ...more, ...sets];
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

  function named(values: string[], kind: string, name: string): Manifest {
    const found = manifests(values).find((one) => one.kind === kind && one.metadata.name === name);
    assert.ok(found, `${kind} ${name}`);
    return found;
  }

  function podOf(values: string[]): Manifest {
    return workload(values).spec.template.spec;
  }

  /** What helm says after an installation: the text as a template of a copy of the chart. */
  function notes(values: string[]): string {
    const copy = mkdtempSync(join(tmpdir(), 'pxanomaly-chart-'));
    try {
      cpSync(CHART, copy, { recursive: true });
      const text = join(copy, 'templates/NOTES.txt');
      const wrapped = `{{- define "notes" -}}${readFileSync(text, 'utf8')}{{- end -}}\nnotes: {{ include "notes" . | toJson }}\n`;
      renameSync(text, join(copy, 'templates/notes.yaml'));
      writeFileSync(join(copy, 'templates/notes.yaml'), wrapped);
      const { status, text: made, error } = template(values, copy, ['--show-only', 'templates/notes.yaml']);
      assert.equal(status, 0, error);
      return (parse(made) as { notes: string }).notes;
    } finally {
      rmSync(copy, { recursive: true });
    }
  }

  it('lints', () => {
    const { status, stdout } = spawnSync(helm, ['lint', '--strict', CHART], { encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });

  for (const [mode, values] of Object.entries(MODES))
    it(`${mode}: every manifest is valid Kubernetes`, () => {
      const { text } = template(values);
      const location = `${schemas}/{{ .ResourceKind }}{{ .KindSuffix }}.json`;
      const args = ['-strict', '-summary', '-skip', OPERATOR, '-schema-location', location, '-'];
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

  it('numbers are taken from a file and from --set, which makes texts of them', () => {
    const values = ['threshold=0.95', 'incidentsPerDay=0.2', 'exportInterval=30s'];
    const { anomaly } = parse(named(values, 'ConfigMap', 'pxanomaly').data['config.yaml']).processors;
    assert.equal(anomaly.threshold, 0.95);
    assert.equal(anomaly.incidents.max_per_day, 0.2);
    for (const value of ['threshold=0.5', 'threshold=very', 'incidentsPerDay=few'])
      assert.notEqual(template([value]).status, 0, value);
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

  it('needs no option that names the version of Kubernetes, and renders the same', () => {
    const { status, text, error } = template([], CHART, []);
    assert.equal(status, 0, error);
    assert.equal(text, template([]).text);
  });

  for (const [mode, values] of Object.entries(MODES))
    it(`${mode}: the configuration is one that the gateway takes, without a word`, () => {
      const text = named(values, 'ConfigMap', 'pxanomaly').data['config.yaml'] as string;
      const env = { PXANOMALY_TOKEN: '12345', PXANOMALY_FORWARD_HEADERS: '{"api-key":"s3cr3t"}' };
      const { problems } = loadConfig(COMPONENTS, { value: parse(text), env });
      // The certificate is mounted where the gateway runs.
      const others = problems.map(formatProblem).filter((problem) => !problem.includes('/etc/pxanomaly-tls/'));
      assert.deepEqual(others, []);
    });

  describe('a DaemonSet on a fresh node', () => {
    it('needs nothing of the node by default', () => {
      const { volumes, initContainers } = podOf(['mode=daemonset']);
      assert.deepEqual(
        volumes.find(({ name }: Manifest) => name === 'state'),
        { name: 'state', emptyDir: {} },
      );
      assert.equal(initContainers, undefined);
    });

    it('gets a directory of the node from an init container, which alone is root and may do nothing else', () => {
      const pod = podOf(['mode=daemonset', 'persistence.hostPath=/data/pxanomaly']);
      const state = pod.volumes.find(({ name }: Manifest) => name === 'state');
      assert.deepEqual(state.hostPath, { path: '/data/pxanomaly', type: 'DirectoryOrCreate' });
      const [init] = pod.initContainers;
      assert.deepEqual(init.command, ['chown', '10001:10001', '/var/lib/pxanomaly']);
      assert.equal(init.securityContext.runAsUser, 0);
      assert.deepEqual(init.securityContext.capabilities, { drop: ['ALL'], add: ['CHOWN'] });
      assert.equal(init.volumeMounts[0].name, 'state');
      assert.equal(pod.containers[0].securityContext.runAsUser, undefined);
      assert.equal(pod.securityContext.runAsUser, 10001);
    });

    it('the directory belongs to whoever the pod runs as', () => {
      const values = ['mode=daemonset', 'persistence.hostPath=/d', 'podSecurityContext.runAsUser=2000000'];
      assert.equal(podOf(values).initContainers[0].command[1], '2000000:10001');
    });

    it('a directory of the node is for this mode alone', () => {
      const { volumes, initContainers } = podOf(['persistence.hostPath=/d']);
      assert.ok(volumes.some((volume: Manifest) => volume.persistentVolumeClaim));
      assert.equal(initContainers, undefined);
    });
  });

  describe('secrets', () => {
    it('headers of the next hop are in a Secret, not in the ConfigMap, and a new one makes a new pod', () => {
      const values = ['forward.endpoint=hop:4317', 'forward.headers.api-key=s3cr3t'];
      const all = manifests(values);
      for (const one of all) if (one.kind !== 'Secret') assert.doesNotMatch(JSON.stringify(one), /s3cr3t/, one.kind);
      const { stringData } = named(values, 'Secret', 'pxanomaly-forward');
      assert.deepEqual(JSON.parse(stringData.headers), { 'api-key': 's3cr3t' });
      const [before, after] = [values, ['forward.endpoint=hop:4317', 'forward.headers.api-key=other']].map(
        (one) => workload(one).spec.template.metadata.annotations,
      );
      assert.notDeepEqual(before, after);
    });

    it('a Secret of the user stands in for headers and for the token', () => {
      const values = ['forward.endpoint=hop:4317', 'forward.existingSecret=mine', 'token.existingSecret=tokens'];
      assert.ok(manifests(values).every(({ kind }) => kind !== 'Secret'));
      const env = podOf(values).containers[0].env as Manifest[];
      const refs = env.flatMap(({ name, valueFrom }) =>
        valueFrom.secretKeyRef ? [[name, valueFrom.secretKeyRef]] : [],
      );
      assert.deepEqual(Object.fromEntries(refs), {
        PXANOMALY_TOKEN: { name: 'tokens', key: 'token' },
        PXANOMALY_FORWARD_HEADERS: { name: 'mine', key: 'headers' },
      });
    });

    it('a token with the tier is refused: senders would be turned away', () => {
      const { error } = template([...MODES['statefulset behind a tier']!, 'token.existingSecret=t']);
      assert.match(error, /the load-balancing tier does not pass the senders' token on/);
    });
  });

  it('certificates are mounted where the configuration looks for them, at the tier where there is one', () => {
    const single = ['tls.existingSecret=cert'];
    assert.match(
      named(single, 'ConfigMap', 'pxanomaly').data['config.yaml'],
      /cert_file: \/etc\/pxanomaly-tls\/tls\.crt/,
    );
    const mounts = podOf(single).containers[0].volumeMounts as Manifest[];
    assert.equal(mounts.find(({ name }) => name === 'tls')?.mountPath, '/etc/pxanomaly-tls');
    const tiered = MODES['statefulset behind a tier with TLS']!;
    assert.doesNotMatch(named(tiered, 'ConfigMap', 'pxanomaly').data['config.yaml'], /cert_file/);
    assert.match(named(tiered, 'ConfigMap', 'pxanomaly-tier').data['config.yaml'], /cert_file/);
    const tier = named(tiered, 'Deployment', 'pxanomaly-tier').spec.template.spec;
    assert.ok(tier.volumes.some(({ secret }: Manifest) => secret?.secretName === 'cert' || secret?.secretName === 'c'));
  });

  it('the names of the OpenTelemetry chart do what they do there', () => {
    const pod = podOf(MODES['everything on']!);
    const [container] = pod.containers;
    assert.ok(
      container.env.some(({ name, value }: Manifest) => name === 'SSL_CERT_FILE' && value === '/etc/ca/ca.crt'),
    );
    assert.deepEqual(container.envFrom, [{ configMapRef: { name: 'more' } }]);
    assert.ok(container.volumeMounts.some(({ mountPath }: Manifest) => mountPath === '/etc/ca'));
    assert.ok(pod.volumes.some(({ name }: Manifest) => name === 'ca'));
    assert.equal(pod.topologySpreadConstraints[0].topologyKey, 'topology.kubernetes.io/zone');
    assert.ok(pod.volumes.some((volume: Manifest) => volume.persistentVolumeClaim?.claimName === 'mine'));
    assert.equal(named(['service.type=NodePort'], 'Service', 'pxanomaly').spec.type, 'NodePort');
    const digest = `sha256:${'a'.repeat(64)}`;
    const { containers } = podOf([`image.digest=${digest}`, 'image.repository=registry.example.org/pxanomaly']);
    assert.equal(containers[0].image, `registry.example.org/pxanomaly@${digest}`);
    const contexts = podOf(['podSecurityContext.fsGroup=7', 'securityContext.privileged=false']);
    assert.equal(contexts.securityContext.fsGroup, 7);
    assert.equal(contexts.securityContext.runAsNonRoot, true);
    assert.equal(contexts.containers[0].securityContext.privileged, false);
  });

  it('with a claim of the user none is made, and it is refused where pods would share it', () => {
    const all = manifests(['persistence.existingClaim=mine']);
    assert.ok(all.every(({ kind }) => kind !== 'PersistentVolumeClaim'));
    const single = workload(['mode=statefulset', 'persistence.existingClaim=mine']);
    assert.equal(single.spec.volumeClaimTemplates, undefined);
    for (const values of [['mode=daemonset'], MODES['statefulset behind a tier']!])
      assert.match(template([...values, 'persistence.existingClaim=mine']).error, /cannot share a claim/);
  });

  it('config is merged over what the values make; alternateConfig stands in for all of it', () => {
    const merged = named(['config.processors.anomaly.cool_down=30m', 'threshold=0.95'], 'ConfigMap', 'pxanomaly');
    const { processors } = parse(merged.data['config.yaml']);
    assert.equal(processors.anomaly.cool_down, '30m');
    assert.equal(processors.anomaly.threshold, 0.95);
    const whole = named(['alternateConfig.receivers.otlp.protocols.grpc.endpoint=a:1'], 'ConfigMap', 'pxanomaly');
    assert.deepEqual(parse(whole.data['config.yaml']), {
      receivers: { otlp: { protocols: { grpc: { endpoint: 'a:1' } } } },
    });
  });

  for (const [mode, values] of Object.entries(MODES))
    it(`${mode}: the ServiceMonitor scrapes each port of a pod once`, () => {
      const all = manifests([...values, 'serviceMonitor.enabled=true']);
      const monitor = all.find(({ kind }) => kind === 'ServiceMonitor');
      const wanted = Object.entries(monitor?.spec.selector.matchLabels);
      const services = all.filter(
        ({ kind, metadata }) => kind === 'Service' && wanted.every(([key, value]) => metadata.labels[key] === value),
      );
      for (const { port } of (monitor as Manifest).spec.endpoints) {
        const found = services.filter(({ spec }) => spec.ports.some(({ name }: Manifest) => name === port));
        assert.equal(found.length, 1, `${port}: ${found.map(({ metadata }) => metadata.name).join()}`);
        assert.equal(found[0]?.spec.selector['app.kubernetes.io/component'], 'gateway');
        assert.equal(found[0]?.spec.type ?? 'ClusterIP', 'ClusterIP', 'metrics and status are not shown outside');
      }
    });

  for (const kind of ['ServiceMonitor', 'PodMonitor'])
    it(`the ${kind} keeps the labels of the watched services, and names the jobs as the alerts do`, () => {
      const value = kind === 'ServiceMonitor' ? 'serviceMonitor' : 'podMonitor';
      const { spec } = named([`${value}.enabled=true`, `${value}.extraLabels.release=prom`], kind, 'pxanomaly');
      const [scores, own] = (spec.endpoints ?? spec.podMetricsEndpoints) as Manifest[];
      assert.equal(scores?.port, 'prometheus');
      assert.equal(scores?.honorLabels, true);
      assert.equal(own?.port, 'metrics');
      assert.deepEqual(own?.relabelings, [{ targetLabel: 'job', replacement: 'pxanomaly-gateway' }]);
      const rules = readFileSync(join(ROOT, 'deploy/prometheus/rules.yml'), 'utf8');
      const jobs = new Set([...rules.matchAll(/job="([^"]+)"/g)].map(([, job]) => job));
      assert.deepEqual([...jobs], ['pxanomaly-gateway']);
    });

  it('the PrometheusRule holds the shipped rules, labelled as wanted', () => {
    const values = ['prometheusRule.enabled=true', 'prometheusRule.defaultRules.additionalRuleLabels.team=sre'];
    const { spec } = named(values, 'PrometheusRule', 'pxanomaly');
    const shipped = parse(readFileSync(join(ROOT, 'deploy/prometheus/rules.yml'), 'utf8'));
    for (const { rules } of shipped.groups)
      for (const rule of rules) if (rule.alert) rule.labels = { ...rule.labels, team: 'sre' };
    assert.deepEqual(spec.groups, shipped.groups);
  });

  describe('what helm says after an installation', () => {
    const PROGRAMS = /^(kubectl|helm|docker) /;

    for (const [mode, workloadName] of [
      ['deployment', 'deploy/pxanomaly'],
      ['daemonset', 'ds/pxanomaly'],
      ['statefulset', 'sts/pxanomaly'],
    ])
      it(`${mode}: the next three commands, on what there is`, () => {
        const text = notes([`mode=${mode}`, 'image.repository=registry.example.org/pxanomaly']);
        const commands = text.split('\n').flatMap((line) => (PROGRAMS.test(line.trim()) ? [line.trim()] : []));
        assert.deepEqual(commands, [
          `kubectl -n observability rollout status ${workloadName}`,
          'kubectl apply -f deploy/pixie/cron/http-edges.yaml -f deploy/pixie/cron/connection-edges.yaml',
          `kubectl -n observability exec ${workloadName} -- node /app/bin/pxanomaly doctor --config /etc/pxanomaly/config.yaml`,
        ]);
      });

    it('how to build the image, as long as none is published', () => {
      assert.match(notes([]), /No image is published yet[\s\S]*docker build -t [\s\S]*--set image\.repository=/);
      assert.doesNotMatch(notes(['image.repository=registry.example.org/p']), /docker build/);
    });

    it('what to write into the scripts of Pixie where the address is another', () => {
      assert.match(
        notes(['fullnameOverride=gw']),
        /write gw\.observability\.svc\.cluster\.local:4317 into configs\.yaml/,
      );
    });
  });

  it('every helm command of the documentation renders', () => {
    const pages = ['README.md', ...readdirSync(join(ROOT, 'docs/tasks')).map((name) => `docs/tasks/${name}`)];
    let checked = 0;
    for (const page of pages) {
      const text = readFileSync(join(ROOT, page), 'utf8').replace(/\\\n\s*/g, ' ');
      for (const [, words = ''] of text.matchAll(/\bhelm (?:install|upgrade|template) (pxanomaly [^\n`]*)/g)) {
        const args = words.replace(/--create-namespace|--reuse-values|#.*$/g, '');
        const made = spawnSync('sh', ['-c', `"${helm}" template ${args}`], { cwd: ROOT, encoding: 'utf8' });
        assert.equal(made.status, 0, `${page}: helm ${words}: ${made.stderr}`);
        checked++;
      }
    }
    assert.ok(checked >= 5, `${checked} commands`);
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
