// Reads from pxanomaly's own telemetry how many edge windows it has scored.

/** Sum of a metric's samples over all labels in Prometheus' text form; 0 where there is none. */
export function sumOf(text: string, name: string): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{.*\})? (\S+)/.exec(line);
    if (found?.[1] === name) sum += Number(found[2]);
  }
  return sum;
}

const SCORED = 'pxanomaly_edge_windows_scored';

/** Edge windows scored since the process started. */
export async function scoredWindows(telemetryPort: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${telemetryPort}/metrics`);
  return sumOf(await response.text(), SCORED);
}
