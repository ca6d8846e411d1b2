// Reads what the file exporters of the Collector and of pxanomaly write: one OTLP request as JSON a line.
import { existsSync, readFileSync } from 'node:fs';

// biome-ignore lint/suspicious/noExplicitAny: OTLP as JSON, looked into by tests.
export type Json = any;

/** The requests in a file so far; none while it does not exist. An unfinished last line is left out. */
export function readRequests(path: string): Json[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

/** Whether a request was made by pxanomaly itself. */
export function isOwn(request: Json): boolean {
  const [first] = request.resourceMetrics ?? request.resourceLogs ?? request.resourceSpans ?? [];
  return attributesOf(first?.resource).get('service.name') === 'pxanomaly';
}

/** Attributes of anything that has some; scalar values as JavaScript values. */
export function attributesOf(owner: Json): Map<string, Json> {
  return new Map((owner?.attributes ?? []).map(({ key, value }: Json) => [key, scalar(value)]));
}

function scalar(value: Json): Json {
  if (value?.intValue !== undefined) return Number(value.intValue);
  const [only] = Object.values(value ?? {});
  return only;
}

/** Requests in an order of their own, to compare two files whatever order they were written in. */
export function sorted(requests: Json[]): string[] {
  return requests.map((request) => JSON.stringify(request)).sort((a, b) => a.localeCompare(b));
}
