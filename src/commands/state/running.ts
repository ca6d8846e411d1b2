// The state of a running gateway, through its own telemetry's address.
import { formatHostPort, type HostPort } from '../../config/endpoint.js';
import type { Forgotten, Listed, StateSource, Wanted } from './source.js';

export function runningGateway(at: HostPort): StateSource {
  return {
    list: async (wanted) => ((await post(at, 'list', wanted)) as { processors: readonly Listed[] }).processors,
    forget: async (wanted) => (await post(at, 'forget', wanted)) as unknown as Forgotten,
  };
}

async function post(at: HostPort, action: string, wanted: Wanted): Promise<object> {
  const { isDryRun, ...rest } = wanted;
  const response = await answerOf(at, JSON.stringify({ action, ...rest, dry_run: isDryRun }));
  const text = await response.text();
  const answer = readJson(text);
  if (response.ok && answer) return answer;
  const why = (answer as { error?: string } | undefined)?.error;
  throw new Error(why ?? `${formatHostPort(at)} answers HTTP ${response.status}: is it a pxanomaly of this version?`);
}

async function answerOf(at: HostPort, body: string): Promise<Response> {
  try {
    return await fetch(`http://${formatHostPort(at)}/state`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  } catch {
    throw new Error(
      `nothing answers at ${formatHostPort(at)}; start the gateway or give its --endpoint, or, while it is stopped, --directory`,
    );
  }
}

function readJson(text: string): object | undefined {
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}
