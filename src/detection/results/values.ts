// Values, times and scores as people read them.
import type { FeatureName } from '../../kernel/api.js';
import { unitFactor } from '../../otlp/units.js';

/** Significant digits of a number for people, where nothing asks for more. */
const DIGITS = 3;

/** So many significant digits at least, without an exponent. */
export function digits(value: number, precision: number = DIGITS): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) >= 10 ** (precision - 1)) return String(Math.round(value));
  return plain(Number(value.toPrecision(precision)));
}

/** Without the exponent that a very small number has. */
function plain(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(20).replace(/\.?0+$/, '') : text;
}

/** Two digits, three near 1, never rounded up to it. */
export function scoreText(score: number): string {
  return score < 0.995 ? score.toFixed(2) : (Math.floor(Math.min(score, 0.9999) * 1000) / 1000).toFixed(3);
}

/** A duration for people: "40 s", "12 min", "3.5 h". */
export function durationText(seconds: number): string {
  if (seconds < 120) return `${digits(seconds)} s`;
  if (seconds < 7200) return `${digits(seconds / 60)} min`;
  return `${digits(seconds / 3600)} h`;
}

/** A time in seconds in the unit that reads best. */
function timeText(seconds: number, precision?: number): string {
  const size = Math.abs(seconds);
  if (size >= 1 || size === 0) return `${digits(seconds, precision)} s`;
  if (size >= 1e-3) return `${digits(seconds * 1e3, precision)} ms`;
  return size >= 1e-6 ? `${digits(seconds * 1e6, precision)} µs` : `${digits(seconds * 1e9, precision)} ns`;
}

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

function sizeText(bytes: number, precision?: number): string {
  let index = 0;
  while (Math.abs(bytes) >= 1000 && index < SIZES.length - 1) {
    bytes /= 1000;
    index++;
  }
  return `${digits(bytes, precision)} ${SIZES[index]}`;
}

/** A value as received, for people. */
export function valueText(feature: FeatureName, unit: string, value: number, precision?: number): string {
  switch (feature) {
    case 'latency':
      return timeText(value * (unitFactor(unit, 'time')?.factor ?? 1), precision);
    case 'bytes': {
      const size = unitFactor(unit, 'size');
      return size
        ? `${sizeText(value * size.factor, precision)}${size.perSecond ? '/s' : ''}`
        : `${digits(value, precision)} ${unit}`;
    }
    case 'errors':
      return `${digits(value * (unit === '%' ? 1 : 100), precision)} %`;
    case 'requests': {
      const perSecond = unitFactor(unit, 'count')?.perSecond ?? false;
      return perSecond
        ? `${digits(value * (unitFactor(unit, 'count')?.factor ?? 1))} a second`
        : digits(value, precision);
    }
  }
}
