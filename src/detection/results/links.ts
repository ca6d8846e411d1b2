// Deep links into Pixie's Live UI.

import { formatService, isExternal, type ServiceName } from '../rules/names.js';
import type { ClusterState, EdgeState } from '../topology/graph.js';

/** The id that Pixie gives a cluster. Data of other senders has no page there. */
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What lies so far before now is shown. */
const LOOK_BACK = '-15m';

function link(
  host: string | undefined,
  { id }: ClusterState,
  query: Readonly<Record<string, string>>,
): string | undefined {
  if (host === undefined || !UUID.test(id)) return undefined;
  const text = new URLSearchParams({ ...query, start_time: LOOK_BACK }).toString();
  return `https://${host.replace(/^https?:\/\//, '').replace(/\/+$/, '')}/clusterID/${id}?${text}`;
}

/** The edge's page; names as Pixie has them. */
export function edgeLink(host: string | undefined, { cluster, source, destination }: EdgeState): string | undefined {
  if (!source || isExternal(source) || isExternal(destination)) {
    return serviceLink(host, cluster, isExternal(destination) && source ? source : destination);
  }
  return link(host, cluster, {
    script: 'px/service_edge_stats',
    requesting_svc: formatService(source),
    responding_svc: formatService(destination),
  });
}

/** The service's page. */
export function serviceLink(host: string | undefined, cluster: ClusterState, service: ServiceName): string | undefined {
  return link(host, cluster, { script: 'px/service', service: formatService(service) });
}
