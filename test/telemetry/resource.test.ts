import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownResource, stableInstanceId } from '../../src/telemetry/resource.js';

const OURS = { 'service.name': 'pxanomaly', 'service.version': '1.2.3', 'service.instance.id': 'id' };

test('name, version and instance are always there', () => {
  assert.deepEqual(ownResource('1.2.3', 'id', {}), OURS);
});

test('node, pod and namespace come from the environment', () => {
  assert.deepEqual(
    ownResource('1.2.3', 'id', { NODE_NAME: 'n', K8S_POD_NAME: 'p', POD_NAME: 'q', POD_NAMESPACE: 's' }),
    {
      ...OURS,
      'k8s.node.name': 'n',
      'k8s.pod.name': 'p',
      'k8s.namespace.name': 's',
    },
  );
});

test('OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME and the configuration win in this order', () => {
  const env = { OTEL_RESOURCE_ATTRIBUTES: 'team=a%20b, service.name=x,broken,bad=%zz', OTEL_SERVICE_NAME: 'y' };
  assert.deepEqual(ownResource('1.2.3', 'id', env, { 'service.version': null, team: 'c' }), {
    'service.name': 'y',
    'service.instance.id': 'id',
    team: 'c',
  });
});

test('the instance is the pod, else the host with a port of ours: the same after a restart', () => {
  assert.equal(stableInstanceId([8888], { POD_NAME: 'pxanomaly-0' }, 'h'), 'pxanomaly-0');
  assert.equal(stableInstanceId([8888], { K8S_POD_NAME: 'px-0', K8S_NAMESPACE_NAME: 'a' }, 'h'), 'a.px-0');
  assert.equal(stableInstanceId([8888, 4317], {}, 'h'), 'h:8888');
  assert.equal(stableInstanceId([0, 4317], {}, 'h'), 'h:4317');
  assert.equal(stableInstanceId([0], {}, 'h'), undefined);
  assert.equal(stableInstanceId([8888], {}, ''), undefined);
});
