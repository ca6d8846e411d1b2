// Writes each request as one record of a file, as the Collector's file exporter does.
import type { Settings } from '../../config/settings.js';
import { protobufToJson } from '../../otlp/index.js';
import {
  type Batch,
  type Exporter,
  type Ledger,
  PermanentError,
  RetryableError,
  UndeliveredError,
} from '../../pipeline/index.js';
import { Undelivered } from '../../sending/undelivered.js';
import { type ExporterEvents, exporterEvents } from '../../telemetry/exporter-events.js';
import type { Config } from './config.js';
import { MAX_PENDING_BYTES, RecordFile } from './record-file.js';

/** What is asked to wait while the disk does not take data; ms. */
const RETRY_AFTER_MS = 1_000;

/**
 * One line of OTLP/JSON, or the length (four bytes, big-endian) and the protobuf body. Throws `PermanentError` for
 * malformed bodies.
 */
export function encodeRecord(batch: Batch, format: Config['format']): Buffer {
  if (format === 'json') return Buffer.from(`${protobufToJson(batch.signal, batch.body)}\n`);
  const record = Buffer.allocUnsafe(4 + batch.body.byteLength);
  record.writeUInt32BE(batch.body.byteLength);
  record.set(batch.body, 4);
  return record;
}

export class FileExporter implements Exporter {
  /** The record is a copy. */
  readonly retainsBody: boolean = false;
  private readonly events: ExporterEvents;
  private readonly file: RecordFile;
  private readonly ledger: Ledger;
  /** Batches taken and not in the file yet, in order. */
  private readonly pending: { readonly batch: Batch; readonly record: Buffer }[] = [];
  private lastError: string = '';
  private open: boolean = false;

  constructor(
    settings: Settings,
    private readonly config: Config,
  ) {
    this.ledger = settings.ledger;
    this.events = exporterEvents(settings.telemetry, settings.id);
    this.file = new RecordFile(config, {
      written: (count) => {
        for (const batch of this.taken(count)) this.events.sent(batch);
        this.lastError = '';
      },
      failed: (error) => {
        this.lastError = error.message;
        const [oldest] = this.pending;
        if (oldest) this.events.retrying(oldest.batch, error, config.flush_interval);
      },
    });
  }

  /** The oldest so many, which wait no longer. */
  private taken(count: number): Batch[] {
    const oldest = this.pending.splice(0, count);
    for (const { record } of oldest) this.ledger.release('files', record);
    return oldest.map(({ batch }) => batch);
  }

  async start(): Promise<void> {
    await this.file.open();
    this.open = true;
  }

  async shutdown(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    const lost = await this.file.close();
    const batches = this.taken(lost);
    const undelivered = new Undelivered();
    for (const batch of batches) {
      this.events.failed(batch, 'shutdown', this.lastError);
      undelivered.add(batch);
    }
    this.events.drained(undelivered);
    if (undelivered.total > 0) throw new UndeliveredError(undelivered.bySignal);
  }

  refusal(): RetryableError | undefined {
    if (!this.open) return new RetryableError('shutting down');
    if (this.file.pendingBytes < MAX_PENDING_BYTES) return undefined;
    return new RetryableError(
      `${this.config.path} cannot be written: ${this.lastError || 'disk too slow'}`,
      RETRY_AFTER_MS,
    );
  }

  consume(batch: Batch): undefined {
    const refused = this.refusal();
    if (refused) {
      this.events.enqueueFailed(batch);
      throw refused;
    }
    try {
      const record = encodeRecord(batch, this.config.format);
      this.pending.push({ batch, record });
      this.ledger.store('files', record);
      this.file.add(record);
    } catch (error) {
      if (error instanceof PermanentError) this.events.failed(batch, 'permanent', error);
      throw error;
    }
  }
}
