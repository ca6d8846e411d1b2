// The command `pxanomaly replay`.
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { ConfigError } from '../config/problem.js';
import type { Settings } from '../config/settings.js';
import type { AnomalyEvent } from '../detection/results/read-events.js';
import { FILE_MODE, Ledger, ledgerLimits } from '../pipeline/index.js';
import type { Config } from '../processors/anomaly/config.js';
import { createTelemetry } from '../telemetry/index.js';
import { countOf } from '../terminal/format.js';
import { type CommandIo, UsageError } from '../terminal/io.js';
import { Progress } from '../terminal/progress.js';
import { type Label, readLabels, type Score, scoreLabels } from './labels.js';
import { parseReplayOptions, type ReplayOptions, USAGE } from './options.js';
import { printReplayed } from './print.js';
import { printScore } from './print-labels.js';
import { type CsvRecording, openRecording, type Recording, RecordingError } from './readers/index.js';
import { type Replayed, replay } from './replay.js';
import { replayConfig } from './settings.js';
import { withStorage } from './storage.js';
import { plotSweep, printSweep, type SweepStep } from './sweep.js';
import { warningLog } from './warnings.js';

export { type AnomalyEvent, eventsOf } from '../detection/results/read-events.js';

/** Runs the command; the exit code: 0, 1 for data or a configuration that is wrong, 2 for a wrong command line. */
export async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  try {
    const options = parseReplayOptions(argv);
    if (options === 'help') io.stdout.write(USAGE);
    else await new ReplayCommand(options, io).run();
    return 0;
  } catch (error) {
    if (io.signal?.aborted) {
      io.stderr.write('replay: stopped\n');
      return 130;
    }
    if (error instanceof UsageError) {
      io.stderr.write(`replay: ${error.message}\nSee pxanomaly replay --help.\n`);
      return 2;
    }
    if (!(error instanceof RecordingError || error instanceof ConfigError)) throw error;
    io.stderr.write(`replay: ${error.message}\n`);
    return 1;
  }
}

/** Window of data whose rules say nothing else, seconds: preset `edge`. */
const USUAL_WINDOW = 10;
/** With labels every edge's score is wanted: it tells when the edge was watched. */
const ALL_SCORES = 100_000;

class ReplayCommand {
  private readonly options: ReplayOptions;
  private readonly io: CommandIo;
  private windowSeconds = USUAL_WINDOW;
  private readonly said = new Set<string>();

  constructor(options: ReplayOptions, io: CommandIo) {
    this.options = options;
    this.io = io;
  }

  async run(): Promise<void> {
    const { labels: path, sweep } = this.options;
    const labels = path === undefined ? undefined : await readLabels(path);
    if (sweep) await this.sweep(sweep.key, sweep.values, labels);
    else await this.once(labels);
  }

  private async once(labels: readonly Label[] | undefined): Promise<void> {
    const writer = this.options.events === undefined ? undefined : eventWriter(this.options.events, this.io);
    try {
      const replayed = await this.replay([], labels, writer?.write);
      const score = labels && this.score(replayed, labels);
      if (this.options.json) this.print([JSON.stringify(jsonOf(replayed, score))]);
      else this.print([...printReplayed(replayed), ...(score ? ['', ...printScore(score)] : [])]);
    } finally {
      writer?.close();
    }
  }

  private async sweep(key: string, values: readonly string[], labels: readonly Label[] | undefined): Promise<void> {
    const steps: SweepStep[] = [];
    for (const value of values) {
      const replayed = await this.replay([[key, value]], labels);
      steps.push({ value, replayed, score: labels && this.score(replayed, labels) });
    }
    writeFileSync(this.options.plot, plotSweep(key, steps));
    const json = steps.map(({ value, replayed, score }) => ({ [key]: value, ...jsonOf(replayed, score) }));
    this.print(this.options.json ? [JSON.stringify(json)] : printSweep(key, steps));
    this.io.stderr.write(`replay: plot in ${this.options.plot}\n`);
  }

  private score({ episodes, scored }: Replayed, labels: readonly Label[]): Score {
    const { windowSeconds } = this;
    const from = scored.firstTime + this.options.warmUpMs / 1000;
    return scoreLabels(labels, episodes, scored, { windowSeconds, scoreSeconds: windowSeconds, from });
  }

  private async replay(
    sets: readonly (readonly [string, string])[],
    labels: readonly Label[] | undefined,
    event?: (event: AnomalyEvent) => void,
  ): Promise<Replayed> {
    const { files, csv, checkpoint } = this.options;
    const settings = settingsFor(this.io);
    const recording = await openRecording(files, { csv });
    const config = await this.config(recording, [...this.options.sets, ...sets], labels !== undefined);
    const progress = new Progress(this.io.stderr, 'replay');
    const found = { count: 0 };
    const stored = checkpoint === undefined ? undefined : await withStorage(settings, checkpoint);
    try {
      const replayed = await replay({
        recording,
        config,
        settings: stored?.settings ?? settings,
        signal: this.io.signal,
        progress: () => progress.update(recording.read() / recording.total, countOf(found.count, 'event')),
        event: (one) => {
          found.count++;
          event?.(one);
        },
      });
      if (replayed.summary.requests === 0) throw nothingRead(files, recording);
      if (replayed.summary.points === 0) this.say(['the recording holds requests, but no data in them']);
      return replayed;
    } finally {
      await stored?.close();
      progress.end();
      this.say(recording.notes.sentences());
    }
  }

  /** What was left out, once: a sweep reads the same files again and again. */
  private say(sentences: readonly string[]): void {
    for (const sentence of sentences) {
      if (!this.said.has(sentence)) this.io.stderr.write(`replay: ${sentence}\n`);
      this.said.add(sentence);
    }
  }

  private async config(
    recording: Recording | CsvRecording,
    sets: readonly (readonly [string, string])[],
    everyScore: boolean,
  ): Promise<Config> {
    let { windowMs } = this.options;
    if ('period' in recording) {
      const period = await recording.period();
      windowMs ??= (period ?? USUAL_WINDOW) * 1000;
    }
    if (windowMs !== undefined) this.windowSeconds = windowMs / 1000;
    const { config: file } = this.options;
    const config = replayConfig({ file, sets, windowMs, env: this.io.env });
    return everyScore ? { ...config, export_interval: this.windowSeconds * 1000, export_top: ALL_SCORES } : config;
  }

  private print(lines: readonly string[]): void {
    this.io.stdout.write(`${lines.join('\n')}\n`);
  }
}

/** A replay of nothing must not look like one of a quiet day. What was left out is said beside it. */
function nothingRead(files: readonly string[], { notes, format }: Recording): RecordingError {
  const empty = files.length === 1 ? 'the file is empty' : 'the files are empty';
  const why = notes.skipped > 0 ? ` as ${format}` : `: ${empty}`;
  return new RecordingError(files.join(', '), `nothing in it could be read${why}`);
}

/** Nothing of the process or the machine: the same recording gives the same bytes everywhere. */
function settingsFor(io: CommandIo): Settings {
  return {
    id: { type: 'anomaly', name: '' },
    telemetry: createTelemetry({ log: warningLog(io) }),
    version: 'replay',
    instanceId: 'replay',
    resource: { 'service.name': 'pxanomaly' },
    ledger: new Ledger(ledgerLimits(Number.POSITIVE_INFINITY)),
    extension: () => undefined,
  };
}

interface EventWriter {
  write(event: AnomalyEvent): void;
  close(): void;
}

function eventWriter(path: string, io: CommandIo): EventWriter {
  if (path === '-') return { write: (event) => void io.stdout.write(`${JSON.stringify(event)}\n`), close: () => {} };
  const file = openOutput(path);
  return { write: (event) => void writeSync(file, `${JSON.stringify(event)}\n`), close: () => closeSync(file) };
}

function openOutput(path: string): number {
  try {
    return openSync(path, 'w', FILE_MODE);
  } catch (error) {
    throw new RecordingError(path, (error as Error).message, { cause: error });
  }
}

function jsonOf({ episodes, summary }: Replayed, score: Score | undefined): object {
  const episode = ({ started, ended, score: highest, last }: Replayed['episodes']['anomalies'][number]) => ({
    ...started,
    ...(last.ranking ? { services: last.services, ranking: last.ranking, kinds: last.kinds } : {}),
    score: highest,
    ended: ended ?? null,
  });
  return {
    summary,
    anomalies: episodes.anomalies.map(episode),
    incidents: episodes.incidents.map(episode),
    ...(score ? { labels: score } : {}),
  };
}
