// A real browser without a window, driven over the Chrome DevTools Protocol.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MessageEvent, WebSocket } from 'undici';
import { atEnd } from './peers/processes.js';
import { peer } from './peers/programs.js';

/** Where the browser is; '' where there is none. Only in CI one is installed. */
const BROWSER =
  process.env.CI === undefined
    ? spawnSync('which', ['chromium'], { encoding: 'utf8' }).stdout?.trim() || ''
    : peer('chromium.sh');

/** Why suites with a browser cannot run here. */
export const withoutBrowser: string | false = BROWSER === '' && 'there is no chromium';

/** Nothing that talks to the network by itself, and nothing that a container does not allow. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0',
];

type Result = Record<string, unknown>;

interface Waiting {
  resolve(result: Result): void;
  reject(error: Error): void;
}

export class Browser {
  private id = 0;
  private readonly waiting = new Map<number, Waiting>();
  private readonly socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener('message', (event: MessageEvent) => this.receive(String(event.data)));
    socket.addEventListener('close', () => {
      for (const { reject } of this.waiting.values()) reject(new Error('the browser has gone'));
    });
  }

  /** Started with a profile of its own; ended by the next `endAll`. */
  static async start(): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'pxanomaly-browser-'));
    const child = spawn(BROWSER, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank']);
    const ended = once(child, 'close');
    child.stdout.resume();
    atEnd(async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
    });
    let output = '';
    const url = await new Promise<string>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`the browser does not start:\n${output}`)));
      child.stderr.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const found = /DevTools listening on (ws:\S+)\s/.exec(output)?.[1];
        if (found) resolve(found);
      });
    });
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', () => reject(new Error(`the browser cannot be reached at ${url}`)));
    });
    return new Browser(socket);
  }

  /** A command of the protocol; rejects with what the browser says against it. */
  command(method: string, params: object = {}, sessionId?: string): Promise<Result> {
    const id = ++this.id;
    this.socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  /** A tab that shows an address. */
  async open(url: string): Promise<Page> {
    const { targetId } = await this.command('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.command('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, String(sessionId));
    await page.show(url);
    return page;
  }

  private receive(text: string): void {
    const message = JSON.parse(text) as { id?: number; result?: Result; error?: { message: string } };
    if (message.id === undefined) return;
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (message.error) waiting?.reject(new Error(message.error.message));
    else waiting?.resolve(message.result ?? {});
  }
}

export class Page {
  constructor(
    private readonly browser: Browser,
    private readonly session: string,
  ) {}

  /** Resolves when the address is loaded. */
  async show(url: string): Promise<void> {
    const { errorText } = await this.browser.command('Page.navigate', { url }, this.session);
    if (errorText) throw new Error(`${url}: ${errorText}`);
    const loaded =
      'new Promise((done) => document.readyState === "complete" ? done() : addEventListener("load", done))';
    await this.run(loaded);
  }

  /** What an expression gives in the page, once it is resolved; must be JSON. */
  async run(expression: string): Promise<unknown> {
    const params = { expression: `(async () => (${expression}))()`, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.browser.command('Runtime.evaluate', params, this.session);
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value?: unknown } | undefined)?.value;
  }

  /** All text that can be read. */
  async text(): Promise<string> {
    return String(await this.run('document.documentElement.textContent'));
  }

  /** What it looks like: a PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.browser.command('Page.captureScreenshot', { format: 'png' }, this.session);
    return Buffer.from(String(data), 'base64');
  }

  /** Number of different colours of a PNG, decoded by the browser. */
  async colours(png: Buffer): Promise<number> {
    return Number(
      await this.run(`(async () => {
        const bytes = Uint8Array.from(atob('${png.toString('base64')}'), (c) => c.charCodeAt(0));
        const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
        const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
        canvas.drawImage(image, 0, 0);
        const { data } = canvas.getImageData(0, 0, image.width, image.height);
        return new Set(new Uint32Array(data.buffer)).size;
      })()`),
    );
  }
}

/** A site with one page; resolves with its origin. */
export async function site(): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>a site</title><p>a site</p>');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  atEnd(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
