import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownResource } from '../../src/telemetry/resource.js';

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
