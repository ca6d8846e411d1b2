// A progress bar on one line of a terminal; nothing at all elsewhere.

/** What a bar needs of a stream: stderr, usually. */
export interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const REDRAW_MS = 100;
const CLEAR_LINE = '\r\u001b[K';
const BAR_COLUMNS = 30;
const NARROWEST = 60;

export class Progress {
  private drawn = 0;
  private readonly started: number;

  /** `label` in front of the bar; `now`: monotonic ms. */
  constructor(
    private readonly stream: TerminalStream,
    private readonly label: string,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.started = now();
    this.drawn = Number.NEGATIVE_INFINITY;
  }

  /** `part` of the whole in [0, 1] is done; `detail` stands behind the bar. Draws at most ten times a second. */
  update(part: number, detail = ''): void {
    if (!this.stream.isTTY) return;
    const now = this.now();
    if (now - this.drawn < REDRAW_MS) return;
    this.drawn = now;
    const text = this.line(Math.min(1, Math.max(0, part)), now, detail);
    this.stream.write(CLEAR_LINE + text.slice(0, (this.stream.columns ?? NARROWEST) - 1));
  }

  /** Takes the bar away. */
  end(): void {
    if (this.stream.isTTY) this.stream.write(CLEAR_LINE);
  }

  private line(part: number, now: number, detail: string): string {
    const full = Math.round(part * BAR_COLUMNS);
    const bar = '█'.repeat(full) + '░'.repeat(BAR_COLUMNS - full);
    const seconds = (now - this.started) / 1000;
    const left = part > 0.02 && part < 1 ? `, ${Math.ceil((seconds / part) * (1 - part))} s left` : '';
    return `${this.label} ${bar} ${(100 * part).toFixed(0).padStart(3)} %${left}${detail === '' ? '' : `  ${detail}`}`;
  }
}
