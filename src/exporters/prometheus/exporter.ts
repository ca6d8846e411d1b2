// Keeps the newest value of each series and shows them to whoever scrapes.
import { formatHostPort } from '../../config/endpoint.js';
import type { Settings } from '../../config/settings.js';
import { type Batch, type Exporter, PermanentError } from '../../pipeline/index.js';
import { type ExporterEvents, exporterEvents } from '../../telemetry/exporter-events.js';
import type { Config } from './config.js';
import { exposition } from './exposition.js';
import { type Format, TEXT } from './formats.js';
import { PageServer } from './page-server.js';
import { SeriesStore } from './series.js';
import { type PointOutcome, Translator } from './translate.js';

/** While nobody scrapes, silent series are looked for this often; ms. */
const EXPIRE_EVERY_MS = 10_000;

export class PrometheusExporter implements Exporter {
  private readonly events: ExporterEvents;
  private readonly store: SeriesStore;
  private readonly translator: Translator;
  private readonly server: PageServer;
  private expiredAt: number = 0;

  constructor(
    settings: Settings,
    private readonly config: Config,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.events = exporterEvents(settings.telemetry, settings.id);
    this.store = new SeriesStore(config.max_series, config.metric_expiration);
    this.translator = new Translator(this.store, config);
    const { endpoint, path, tls, enable_open_metrics: openMetrics } = config;
    this.server = new PageServer({ endpoint, path, tls, openMetrics, render: (format) => this.render(format) });
  }

  /** The port that is listened on; undefined before `start`. */
  get port(): number | undefined {
    return this.server.port;
  }

  addresses(): Record<string, string> {
    const { port, config } = this;
    return port === undefined ? {} : { http: formatHostPort({ host: config.endpoint.host, port }) };
  }

  start(): Promise<void> {
    return this.server.listen();
  }

  shutdown(): Promise<void> {
    return this.server.close();
  }

  /** What was received is not looked at, unless it is shown. */
  get retainsBody(): boolean {
    return this.config.forwarded;
  }

  refusal(): undefined {}

  consume(batch: Batch): undefined {
    if (batch.origin === 'received' && !this.config.forwarded) return;
    try {
      const now = this.now();
      if (now - this.expiredAt > EXPIRE_EVERY_MS) this.expire(now);
      this.account(batch, this.translator.add(batch, now));
    } catch (error) {
      this.events.failed(batch, 'permanent', error);
      throw new PermanentError(`malformed body: ${(error as Error).message}`);
    }
  }

  /** The page as it is now. */
  render(format: Format = TEXT): string {
    this.expire(this.now());
    return exposition(this.store.sorted(), this.config.send_timestamps, format);
  }

  private expire(now: number): void {
    this.expiredAt = now;
    this.store.expire(now);
  }

  private account(batch: Batch, outcome: PointOutcome): void {
    let exposed = batch.items;
    for (const [reason, points] of outcome) {
      exposed -= points;
      this.events.left(batch, points, reason);
    }
    this.events.sent({ ...batch, items: Math.max(0, exposed) });
  }
}
