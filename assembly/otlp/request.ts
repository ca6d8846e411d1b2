// The request of each signal: the whole body is walked, a metrics request into rows.
import { Status } from '../status';
import { failedAt, failure, forgetFailure, lower, readSpan, readTag, upper } from '../wire/cursor';
import { skipField } from '../wire/skip';
import {
  badTextEnd,
  badTexts,
  badTextStart,
  checkMessage,
  counted,
  countMessages,
  lookAtTexts,
} from '../wire/structure';
import { ExportMetricsServiceRequest, Message } from '../wire/tags';
import { recordedRows, startCopies } from './copies';
import { walkResourceMetrics } from './resource-metrics';
import { points, selectRows, startRows } from './rows';
import { startTemplates } from './templates';

let bodyStart: usize = 0;
let items: i32 = 0;
let rows: i32 = 0;

function walkMetrics(cursor: usize, limit: usize): bool {
  while (cursor < limit) {
    const read = readTag(cursor, limit);
    if (!read) return false;
    cursor = lower(read);
    if (upper(read) == ExportMetricsServiceRequest.RESOURCE_METRICS) {
      const span = readSpan(cursor, limit);
      if (!span || !walkResourceMetrics(upper(span), lower(span))) return false;
      cursor = lower(span);
    } else {
      cursor = skipField(upper(read), cursor, limit, 0);
      if (!cursor) return false;
    }
  }
  return true;
}

/**
 * Selects the place of a scan of metrics: to be overwritten by the next, or one whose `recorded` rows are wanted again.
 */
export function selectScan(scan: i32, recorded: i32): void {
  selectRows(scan);
  rows = recorded;
}

/**
 * Walks a metrics request of `bytes` bytes in the input region and records rows from point `skip` on. Touches no state.
 */
export function scanMetrics(address: usize, bytes: i32, skip: i32): i32 {
  forgetFailure();
  bodyStart = address;
  startRows(address, skip);
  startCopies(skip);
  startTemplates(address + bytes);
  const isWhole = walkMetrics(address, address + bytes);
  items = isWhole ? points : 0;
  rows = isWhole ? recordedRows() : 0;
  return isWhole ? Status.OK : failure;
}

function check(address: usize, bytes: i32, request: i32, item: i32): i32 {
  forgetFailure();
  bodyStart = address;
  countMessages(item);
  const isWhole = checkMessage(request, address, address + bytes, 0) != 0;
  items = isWhole ? counted : 0;
  rows = 0;
  return isWhole ? Status.OK : failure;
}

/** Walks a traces request; items are spans. */
export function scanTraces(address: usize, bytes: i32): i32 {
  return check(address, bytes, Message.EXPORT_TRACE_SERVICE_REQUEST, Message.SPAN);
}

/** Walks a logs request; items are log records. Its texts are looked at: `scanBadTexts`. */
export function scanLogs(address: usize, bytes: i32): i32 {
  lookAtTexts(true);
  const status = check(address, bytes, Message.EXPORT_LOGS_SERVICE_REQUEST, Message.LOG_RECORD);
  lookAtTexts(false);
  return status;
}

/** Texts of the last logs request that are not UTF-8, and where the first of them stands in the body. */
export function scanBadTexts(): i32 {
  return badTexts;
}
export function scanBadTextStart(): i32 {
  return <i32>(badTextStart - bodyStart);
}
export function scanBadTextEnd(): i32 {
  return <i32>(badTextEnd - bodyStart);
}

/** Data points, spans or log records of the last scan. */
export function scanItems(): i32 {
  return items;
}

/** Rows that the last scan recorded. */
export function scanRows(): i32 {
  return rows;
}

/** Offset into the body at which the last scan failed. */
export function scanFailedAt(): i32 {
  return <i32>(failedAt - bodyStart);
}
