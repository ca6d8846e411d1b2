// Checks the way in: port, TLS, protocol, token, and whether an empty request and a test point are taken.
import { formatHostPort } from '../../config/endpoint.js';
import type { Signal } from '../../pipeline/index.js';
import { type Check, fail, ok, warn } from './check.js';
import { BrokenHop, reach, shakeHands } from './connect.js';
import type { ReceiverPlan } from './plan.js';
import { callGrpc, callHttp, type ProbeAnswer, testPoint } from './probe.js';

/** The checks of one protocol of a receiver, up to the first that fails. */
export async function checkReceiver(plan: ReceiverPlan): Promise<Check[]> {
  const hop = `receiver ${plan.id} (${plan.protocol})`;
  const done: Check[] = [];
  try {
    await reach(plan.at);
    // What is bound to be refused is not sent: the gateway would warn about it.
    if (plan.mutual)
      return [
        warn(hop, `${formatHostPort(plan.at)} asks for client certificates`, 'the doctor has none: nothing was sent'),
      ];
    if (plan.tls) {
      const { text, soon } = await shakeHands(plan.at);
      done.push(soon ? warn(hop, `TLS: ${text}`, 'renew it before senders are refused') : ok(hop, `TLS: ${text}`));
    }
    if (plan.needsToken && plan.token === undefined)
      return [...done, fail(hop, `${formatHostPort(plan.at)} asks for a token: nothing was sent`, NO_TOKEN)];
    const answers = await send(plan);
    return [...done, verdict(hop, plan, answers)];
  } catch (error) {
    if (error instanceof BrokenHop) return [...done, fail(hop, error.message, error.advice)];
    const what = plan.protocol === 'grpc' ? 'HTTP/2' : 'HTTP';
    const text = `${formatHostPort(plan.at)} accepts connections, but does not speak ${what} (${(error as Error).message})`;
    return [...done, fail(hop, text, 'if the port has TLS, give --config; else something else listens there')];
  }
}

const NO_TOKEN = 'give the token with --token or --config; senders set the header x-pxanomaly-token';

interface SentProbe {
  readonly what: string;
  readonly answer: ProbeAnswer;
}

/** An empty request for each signal that is taken; a test point where metrics are. */
async function send(plan: ReceiverPlan): Promise<SentProbe[]> {
  const call = (signal: Signal, body: Uint8Array): Promise<ProbeAnswer> =>
    plan.protocol === 'grpc' ? callGrpc(plan, signal, body) : callHttp(plan, plan.paths[signal], body);
  const sent: SentProbe[] = [];
  for (const signal of plan.signals) {
    const answer = await call(signal, new Uint8Array());
    sent.push({ what: `empty ${signal} request`, answer });
    if (!answer.success) return sent;
  }
  if (plan.signals.includes('metrics'))
    sent.push({ what: 'test point', answer: await call('metrics', testPoint(Date.now())) });
  return sent;
}

function verdict(hop: string, plan: ReceiverPlan, sent: readonly SentProbe[]): Check {
  const refused = sent.find(({ answer }) => !answer.success);
  if (refused) {
    const { what, answer } = refused;
    return fail(hop, `${what} refused with ${answer.code}: ${answer.message}`, adviceFor(answer, plan));
  }
  const token = plan.token === undefined ? '' : ', token accepted';
  return ok(hop, `${formatHostPort(plan.at)}: ${sent.map(({ what }) => what).join(', ')} taken${token}`);
}

function adviceFor({ unauthenticated, code }: ProbeAnswer, { token }: ReceiverPlan): string {
  if (unauthenticated)
    return token === undefined ? NO_TOKEN : 'compare the token with receivers.otlp.token of the running configuration';
  if (code === 'gRPC status 14' || code === 'HTTP 503' || code === 'HTTP 429')
    return 'the pipeline takes nothing now: look at the exporters below and at memory_limiter';
  return "the gateway's log says more";
}
