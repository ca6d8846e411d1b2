// A real browser: pages send OTLP across origins, and what we draw and serve for people can be looked at.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { opentelemetry } from '#proto';
import { Browser, type Page, site, withoutBrowser } from '../support/browser.js';
import { Gateway, protocols, SMALL_ANOMALY, scratchFolder } from '../support/chaos/gateway.js';
import { ROOT } from '../support/paths.js';
import { trafficRequest } from '../support/peers/edge-traffic.js';
import { type NextHop, startNextHop } from '../support/peers/next-hop.js';
import { endAll, eventually } from '../support/peers/processes.js';

const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;
const TRAFFIC = { edges: 2, cluster: 'browser', startSeconds: 1_767_261_600, windowSeconds: 10 };

describe('in a browser', { skip: withoutBrowser }, () => {
  let browser: Browser;
  let gateway: Gateway;
  let hop: NextHop;
  let allowed: string;
  let other: string;

  before(async () => {
    browser = await Browser.start();
    hop = await startNextHop();
    [allowed, other] = [await site(), await site()];
    const cors = {
      allowed_origins: [allowed],
      allowed_headers: ['x-run'],
      exposed_headers: ['x-gateway'],
      max_age: 60,
    };
    gateway = await Gateway.start({
      protocols: protocols({}, { cors, response_headers: { 'x-gateway': 'here' } }),
      processors: { anomaly: SMALL_ANOMALY },
      exporters: {
        otlp_http: { endpoint: `http://127.0.0.1:${hop.httpPort}` },
        prometheus: { endpoint: '127.0.0.1:0', forwarded: true },
        debug: {},
      },
      pipelines: {
        metrics: { receivers: ['otlp'], exporters: ['otlp_http', 'prometheus'] },
        'metrics/scored': { receivers: ['otlp'], processors: ['anomaly'], exporters: ['debug'] },
      },
    });
  });
  after(endAll);

  /** The page sends a body; what its script sees: a status and a header, or the name of an error. */
  async function send(page: Page, body: string, type: string, header = 'x-run'): Promise<unknown> {
    const headers = JSON.stringify({ 'content-type': type, [header]: '1' });
    return page.run(`fetch('http://127.0.0.1:${gateway.httpPort}/v1/metrics', { method: 'POST', headers: ${headers}, body: ${body} })
      .then((r) => [r.status, r.headers.get('x-gateway')], (e) => [e.name])`);
  }
  const protobuf = (bytes: Uint8Array): string => `new Uint8Array([${[...bytes]}])`;

  it('a page of an allowed origin sends protobuf and JSON, and reads the answer', async () => {
    const page = await browser.open(allowed);
    const [first, second] = [trafficRequest(TRAFFIC, 0), trafficRequest(TRAFFIC, 1)];
    const json = JSON.stringify(ExportMetricsServiceRequest.decode(second).toJSON());
    assert.deepEqual(await send(page, protobuf(first), 'application/x-protobuf'), [200, 'here']);
    assert.deepEqual(await send(page, JSON.stringify(json), 'application/json'), [200, 'here']);
    await eventually(() => hop.arrivals.length === 2, 20_000, 'both at the next hop');
    const bodies = new Set(hop.arrivals.map(({ body }) => body.toString('hex')));
    assert.deepEqual(bodies, new Set([first, second].map((bytes) => Buffer.from(bytes).toString('hex'))));
  });

  it('another origin, and a header that is not allowed, are stopped by the browser', async () => {
    const before = await gateway.metric('otelcol_receiver_requests', 'transport="http"');
    const stranger = await browser.open(other);
    const body = protobuf(trafficRequest(TRAFFIC, 2));
    assert.deepEqual(await send(stranger, body, 'application/x-protobuf'), ['TypeError']);
    const page = await browser.open(allowed);
    assert.deepEqual(await send(page, body, 'application/x-protobuf', 'x-other'), ['TypeError']);
    assert.equal(await gateway.metric('otelcol_receiver_requests', 'transport="http"'), before, 'nothing was sent');
  });

  it('the Prometheus pages can be read', async () => {
    const page = await browser.open(`http://127.0.0.1:${gateway.port('exporters::prometheus')}/metrics`);
    await eventually(
      async () => {
        await page.show(`http://127.0.0.1:${gateway.port('exporters::prometheus')}/metrics`);
        return /^edge_requests\{.*dst_service="shop\/callee-0"/m.test(await page.text());
      },
      20_000,
      'forwarded metrics on the page',
    );
    const own = await browser.open(`http://127.0.0.1:${gateway.port('service::telemetry::metrics')}/metrics`);
    assert.match(await own.text(), /^otelcol_receiver_accepted_metric_points\{/m);
  });

  it('the plot of `replay --sweep` shows its points and says what they are', async () => {
    const folder = scratchFolder();
    const rows = Array.from({ length: 400 }, (_, window) => {
      const wave = Math.sin(window * 12.9898) / 20;
      const latency = (0.02 + 0.02 * wave) * (window >= 340 && window < 360 ? 6 : 1);
      const requests = Math.round(300 * (1 + wave));
      return `${1_767_261_600 + window * 10},prod,shop,shop/a,shop/b,${latency.toFixed(6)},${requests},1,${requests * 1500}`;
    });
    const csv = join(folder, 'edges.csv');
    const plot = join(folder, 'sweep.svg');
    writeFileSync(
      csv,
      `time,cluster,namespace,src_service,dst_service,latency,requests,errors,bytes\n${rows.join('\n')}\n`,
    );
    const args = ['replay', '--csv', '--sweep', 'threshold=0.8,0.9,0.95', '--plot', plot, csv];
    execFileSync(process.execPath, [join(ROOT, 'bin/pxanomaly'), ...args], { stdio: 'pipe' });
    const page = await browser.open(pathToFileURL(plot).href);
    assert.equal(await page.run('document.documentElement.localName'), 'svg');
    const words = await page.text();
    for (const value of ['0.8', '0.9', '0.95']) assert.ok(words.includes(value), `${value} in ${words}`);
    const inside = `[...document.querySelectorAll('text')].filter((t) => {
      const box = t.getBoundingClientRect(), all = document.documentElement.getBoundingClientRect();
      return box.width === 0 || box.left < all.left || box.right > all.right || box.top < all.top || box.bottom > all.bottom;
    }).map((t) => t.textContent)`;
    assert.deepEqual(await page.run(inside), [], 'all text is visible inside the picture');
    const blank = await browser.open('about:blank');
    const canvas = await browser.open(allowed);
    assert.ok((await canvas.colours(await page.screenshot())) >= 8, 'it is drawn');
    assert.equal(await canvas.colours(await blank.screenshot()), 1, 'a blank page is one colour');
  });
});
