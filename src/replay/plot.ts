// A plot of a sweep as SVG: what is found against what it costs in false alarms.

export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  readonly label: string;
}

export interface Plot {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly points: readonly PlotPoint[];
  /** Upper end of the vertical axis; default: the highest point. */
  readonly yMost?: number;
}

const WIDTH = 640;
const HEIGHT = 420;
const LEFT = 70;
const RIGHT = 30;
const TOP = 50;
const BOTTOM = 60;

/** Ticks of an axis from 0: four to nine, at 1, 2 or 5 times a power of ten. */
export function ticksTo(most: number): number[] {
  if (!(most > 0) || !Number.isFinite(most)) return [0, 1];
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const count = Math.ceil(most / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

function label(x: number, y: number, content: string, more = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escaped(content)}</text>`;
}

/** The SVG document. */
export function drawPlot({ title, xTitle, yTitle, points, yMost }: Plot): string {
  const xTicks = ticksTo(Math.max(...points.map(({ x }) => x)));
  const yTicks = ticksTo(yMost ?? Math.max(...points.map(({ y }) => y)));
  const x = (value: number): number => LEFT + (value / xTicks.at(-1)!) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => HEIGHT - BOTTOM - (value / yTicks.at(-1)!) * (HEIGHT - TOP - BOTTOM);
  const sorted = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
  const grid = [
    ...xTicks.map(
      (tick) => `<line x1="${x(tick).toFixed(1)}" x2="${x(tick).toFixed(1)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>`,
    ),
    ...yTicks.map(
      (tick) => `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/>`,
    ),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<g stroke="#ddd">${grid.join('')}</g>`,
    label(WIDTH / 2, 26, title, 'text-anchor="middle" font-size="15"'),
    label(WIDTH / 2, HEIGHT - 18, xTitle, 'text-anchor="middle"'),
    label(18, HEIGHT / 2, yTitle, `text-anchor="middle" transform="rotate(-90 18 ${HEIGHT / 2})"`),
    ...xTicks.map((tick) => label(x(tick), HEIGHT - BOTTOM + 18, String(tick), 'text-anchor="middle"')),
    ...yTicks.map((tick) => label(LEFT - 8, y(tick) + 4, String(tick), 'text-anchor="end"')),
    `<polyline fill="none" stroke="#1f6feb" stroke-width="2" points="${sorted.map((p) => `${x(p.x).toFixed(1)},${y(p.y).toFixed(1)}`).join(' ')}"/>`,
    ...sorted.map((p) => `<circle cx="${x(p.x).toFixed(1)}" cy="${y(p.y).toFixed(1)}" r="4" fill="#1f6feb"/>`),
    ...sorted.map((p) => label(x(p.x) + 7, y(p.y) - 7, p.label)),
    '</svg>',
    '',
  ].join('\n');
}
