// Generated from proto/ by scripts/generate-tags.mjs; do not edit. Whole tags: field number << 3 | wire type.
// A repeated scalar has two: packed under its own name, and `_ONE` for a single element.

/** What the structural walk does with a known field; from MESSAGE on: walks message number action - MESSAGE. */
export const enum Action {
  UNKNOWN = 0,
  VARINT = 1,
  FIXED64 = 2,
  FIXED32 = 3,
  BYTES = 4,
  PACKED_FIXED64 = 5,
  PACKED_VARINT = 6,
  STRING = 7,
  MESSAGE = 16,
}

/** Numbers of the messages in the table. */
export const enum Message {
  EXPORT_METRICS_SERVICE_REQUEST = 0,
  RESOURCE_METRICS = 1,
  RESOURCE = 2,
  KEY_VALUE = 3,
  ANY_VALUE = 4,
  ARRAY_VALUE = 5,
  KEY_VALUE_LIST = 6,
  ENTITY_REF = 7,
  SCOPE_METRICS = 8,
  INSTRUMENTATION_SCOPE = 9,
  METRIC = 10,
  GAUGE = 11,
  NUMBER_DATA_POINT = 12,
  EXEMPLAR = 13,
  SUM = 14,
  HISTOGRAM = 15,
  HISTOGRAM_DATA_POINT = 16,
  EXPONENTIAL_HISTOGRAM = 17,
  EXPONENTIAL_HISTOGRAM_DATA_POINT = 18,
  EXPONENTIAL_HISTOGRAM_DATA_POINT_BUCKETS = 19,
  SUMMARY = 20,
  SUMMARY_DATA_POINT = 21,
  SUMMARY_DATA_POINT_VALUE_AT_QUANTILE = 22,
  EXPORT_TRACE_SERVICE_REQUEST = 23,
  RESOURCE_SPANS = 24,
  SCOPE_SPANS = 25,
  SPAN = 26,
  SPAN_EVENT = 27,
  SPAN_LINK = 28,
  STATUS = 29,
  EXPORT_LOGS_SERVICE_REQUEST = 30,
  RESOURCE_LOGS = 31,
  SCOPE_LOGS = 32,
  LOG_RECORD = 33,
}
export const MESSAGES = 34;
/** Tags below this stand in the table. */
export const TABLE_TAGS = 136;

export const enum ExportMetricsServiceRequest {
  RESOURCE_METRICS = 0x0a,
}

export const enum ResourceMetrics {
  RESOURCE = 0x0a,
  SCOPE_METRICS = 0x12,
  SCHEMA_URL = 0x1a,
}

export const enum Resource {
  ATTRIBUTES = 0x0a,
  DROPPED_ATTRIBUTES_COUNT = 0x10,
  ENTITY_REFS = 0x1a,
}

export const enum KeyValue {
  KEY = 0x0a,
  VALUE = 0x12,
  KEY_STRINDEX = 0x18,
}

export const enum AnyValue {
  STRING_VALUE = 0x0a,
  BOOL_VALUE = 0x10,
  INT_VALUE = 0x18,
  DOUBLE_VALUE = 0x21,
  ARRAY_VALUE = 0x2a,
  KVLIST_VALUE = 0x32,
  BYTES_VALUE = 0x3a,
  STRING_VALUE_STRINDEX = 0x40,
}

export const enum ArrayValue {
  VALUES = 0x0a,
}

export const enum KeyValueList {
  VALUES = 0x0a,
}

export const enum EntityRef {
  SCHEMA_URL = 0x0a,
  TYPE = 0x12,
  ID_KEYS = 0x1a,
  DESCRIPTION_KEYS = 0x22,
}

export const enum ScopeMetrics {
  SCOPE = 0x0a,
  METRICS = 0x12,
  SCHEMA_URL = 0x1a,
}

export const enum InstrumentationScope {
  NAME = 0x0a,
  VERSION = 0x12,
  ATTRIBUTES = 0x1a,
  DROPPED_ATTRIBUTES_COUNT = 0x20,
}

export const enum Metric {
  NAME = 0x0a,
  DESCRIPTION = 0x12,
  UNIT = 0x1a,
  GAUGE = 0x2a,
  SUM = 0x3a,
  HISTOGRAM = 0x4a,
  EXPONENTIAL_HISTOGRAM = 0x52,
  SUMMARY = 0x5a,
  METADATA = 0x62,
}

export const enum Gauge {
  DATA_POINTS = 0x0a,
}

export const enum NumberDataPoint {
  START_TIME_UNIX_NANO = 0x11,
  TIME_UNIX_NANO = 0x19,
  AS_DOUBLE = 0x21,
  EXEMPLARS = 0x2a,
  AS_INT = 0x31,
  ATTRIBUTES = 0x3a,
  FLAGS = 0x40,
}

export const enum Exemplar {
  TIME_UNIX_NANO = 0x11,
  AS_DOUBLE = 0x19,
  SPAN_ID = 0x22,
  TRACE_ID = 0x2a,
  AS_INT = 0x31,
  FILTERED_ATTRIBUTES = 0x3a,
}

export const enum Sum {
  DATA_POINTS = 0x0a,
  AGGREGATION_TEMPORALITY = 0x10,
  IS_MONOTONIC = 0x18,
}

export const enum Histogram {
  DATA_POINTS = 0x0a,
  AGGREGATION_TEMPORALITY = 0x10,
}

export const enum HistogramDataPoint {
  START_TIME_UNIX_NANO = 0x11,
  TIME_UNIX_NANO = 0x19,
  COUNT = 0x21,
  SUM = 0x29,
  BUCKET_COUNTS = 0x32,
  BUCKET_COUNTS_ONE = 0x31,
  EXPLICIT_BOUNDS = 0x3a,
  EXPLICIT_BOUNDS_ONE = 0x39,
  EXEMPLARS = 0x42,
  ATTRIBUTES = 0x4a,
  FLAGS = 0x50,
  MIN = 0x59,
  MAX = 0x61,
}

export const enum ExponentialHistogram {
  DATA_POINTS = 0x0a,
  AGGREGATION_TEMPORALITY = 0x10,
}

export const enum ExponentialHistogramDataPoint {
  ATTRIBUTES = 0x0a,
  START_TIME_UNIX_NANO = 0x11,
  TIME_UNIX_NANO = 0x19,
  COUNT = 0x21,
  SUM = 0x29,
  SCALE = 0x30,
  ZERO_COUNT = 0x39,
  POSITIVE = 0x42,
  NEGATIVE = 0x4a,
  FLAGS = 0x50,
  EXEMPLARS = 0x5a,
  MIN = 0x61,
  MAX = 0x69,
  ZERO_THRESHOLD = 0x71,
}

export const enum ExponentialHistogramDataPointBuckets {
  OFFSET = 0x08,
  BUCKET_COUNTS = 0x12,
  BUCKET_COUNTS_ONE = 0x10,
}

export const enum Summary {
  DATA_POINTS = 0x0a,
}

export const enum SummaryDataPoint {
  START_TIME_UNIX_NANO = 0x11,
  TIME_UNIX_NANO = 0x19,
  COUNT = 0x21,
  SUM = 0x29,
  QUANTILE_VALUES = 0x32,
  ATTRIBUTES = 0x3a,
  FLAGS = 0x40,
}

export const enum SummaryDataPointValueAtQuantile {
  QUANTILE = 0x09,
  VALUE = 0x11,
}

export const enum ExportTraceServiceRequest {
  RESOURCE_SPANS = 0x0a,
}

export const enum ResourceSpans {
  RESOURCE = 0x0a,
  SCOPE_SPANS = 0x12,
  SCHEMA_URL = 0x1a,
}

export const enum ScopeSpans {
  SCOPE = 0x0a,
  SPANS = 0x12,
  SCHEMA_URL = 0x1a,
}

export const enum Span {
  TRACE_ID = 0x0a,
  SPAN_ID = 0x12,
  TRACE_STATE = 0x1a,
  PARENT_SPAN_ID = 0x22,
  NAME = 0x2a,
  KIND = 0x30,
  START_TIME_UNIX_NANO = 0x39,
  END_TIME_UNIX_NANO = 0x41,
  ATTRIBUTES = 0x4a,
  DROPPED_ATTRIBUTES_COUNT = 0x50,
  EVENTS = 0x5a,
  DROPPED_EVENTS_COUNT = 0x60,
  LINKS = 0x6a,
  DROPPED_LINKS_COUNT = 0x70,
  STATUS = 0x7a,
  FLAGS = 0x85,
}

export const enum SpanEvent {
  TIME_UNIX_NANO = 0x09,
  NAME = 0x12,
  ATTRIBUTES = 0x1a,
  DROPPED_ATTRIBUTES_COUNT = 0x20,
}

export const enum SpanLink {
  TRACE_ID = 0x0a,
  SPAN_ID = 0x12,
  TRACE_STATE = 0x1a,
  ATTRIBUTES = 0x22,
  DROPPED_ATTRIBUTES_COUNT = 0x28,
  FLAGS = 0x35,
}

export const enum Status {
  MESSAGE = 0x12,
  CODE = 0x18,
}

export const enum ExportLogsServiceRequest {
  RESOURCE_LOGS = 0x0a,
}

export const enum ResourceLogs {
  RESOURCE = 0x0a,
  SCOPE_LOGS = 0x12,
  SCHEMA_URL = 0x1a,
}

export const enum ScopeLogs {
  SCOPE = 0x0a,
  LOG_RECORDS = 0x12,
  SCHEMA_URL = 0x1a,
}

export const enum LogRecord {
  TIME_UNIX_NANO = 0x09,
  SEVERITY_NUMBER = 0x10,
  SEVERITY_TEXT = 0x1a,
  BODY = 0x2a,
  ATTRIBUTES = 0x32,
  DROPPED_ATTRIBUTES_COUNT = 0x38,
  FLAGS = 0x45,
  TRACE_ID = 0x4a,
  SPAN_ID = 0x52,
  OBSERVED_TIME_UNIX_NANO = 0x59,
  EVENT_NAME = 0x62,
}

// prettier-ignore
/** u8[3] each: message, tag, action. */
export const FIELDS: usize = memory.data<u8>([
  0, 0x0a, 17, // ExportMetricsServiceRequest
  1, 0x0a, 18, 1, 0x12, 24, 1, 0x1a, 7, // ResourceMetrics
  2, 0x0a, 19, 2, 0x10, 1, 2, 0x1a, 23, // Resource
  3, 0x0a, 7, 3, 0x12, 20, 3, 0x18, 1, // KeyValue
  4, 0x0a, 7, 4, 0x10, 1, 4, 0x18, 1, 4, 0x21, 2, 4, 0x2a, 21, 4, 0x32, 22, 4, 0x3a, 4, 4, 0x40, 1, // AnyValue
  5, 0x0a, 20, // ArrayValue
  6, 0x0a, 19, // KeyValueList
  7, 0x0a, 7, 7, 0x12, 7, 7, 0x1a, 7, 7, 0x22, 7, // EntityRef
  8, 0x0a, 25, 8, 0x12, 26, 8, 0x1a, 7, // ScopeMetrics
  9, 0x0a, 7, 9, 0x12, 7, 9, 0x1a, 19, 9, 0x20, 1, // InstrumentationScope
  10, 0x0a, 7, 10, 0x12, 7, 10, 0x1a, 7, 10, 0x2a, 27, 10, 0x3a, 30, 10, 0x4a, 31, 10, 0x52, 33, 10, 0x5a, 36, 10, 0x62, 19, // Metric
  11, 0x0a, 28, // Gauge
  12, 0x11, 2, 12, 0x19, 2, 12, 0x21, 2, 12, 0x2a, 29, 12, 0x31, 2, 12, 0x3a, 19, 12, 0x40, 1, // NumberDataPoint
  13, 0x11, 2, 13, 0x19, 2, 13, 0x22, 4, 13, 0x2a, 4, 13, 0x31, 2, 13, 0x3a, 19, // Exemplar
  14, 0x0a, 28, 14, 0x10, 1, 14, 0x18, 1, // Sum
  15, 0x0a, 32, 15, 0x10, 1, // Histogram
  16, 0x11, 2, 16, 0x19, 2, 16, 0x21, 2, 16, 0x29, 2, 16, 0x32, 5, 16, 0x31, 2, 16, 0x3a, 5, 16, 0x39, 2, 16, 0x42, 29, 16, 0x4a, 19, 16, 0x50, 1, 16, 0x59, 2, 16, 0x61, 2, // HistogramDataPoint
  17, 0x0a, 34, 17, 0x10, 1, // ExponentialHistogram
  18, 0x0a, 19, 18, 0x11, 2, 18, 0x19, 2, 18, 0x21, 2, 18, 0x29, 2, 18, 0x30, 1, 18, 0x39, 2, 18, 0x42, 35, 18, 0x4a, 35, 18, 0x50, 1, 18, 0x5a, 29, 18, 0x61, 2, 18, 0x69, 2, 18, 0x71, 2, // ExponentialHistogramDataPoint
  19, 0x08, 1, 19, 0x12, 6, 19, 0x10, 1, // ExponentialHistogramDataPointBuckets
  20, 0x0a, 37, // Summary
  21, 0x11, 2, 21, 0x19, 2, 21, 0x21, 2, 21, 0x29, 2, 21, 0x32, 38, 21, 0x3a, 19, 21, 0x40, 1, // SummaryDataPoint
  22, 0x09, 2, 22, 0x11, 2, // SummaryDataPointValueAtQuantile
  23, 0x0a, 40, // ExportTraceServiceRequest
  24, 0x0a, 18, 24, 0x12, 41, 24, 0x1a, 7, // ResourceSpans
  25, 0x0a, 25, 25, 0x12, 42, 25, 0x1a, 7, // ScopeSpans
  26, 0x0a, 4, 26, 0x12, 4, 26, 0x1a, 7, 26, 0x22, 4, 26, 0x2a, 7, 26, 0x30, 1, 26, 0x39, 2, 26, 0x41, 2, 26, 0x4a, 19, 26, 0x50, 1, 26, 0x5a, 43, 26, 0x60, 1, 26, 0x6a, 44, 26, 0x70, 1, 26, 0x7a, 45, 26, 0x85, 3, // Span
  27, 0x09, 2, 27, 0x12, 7, 27, 0x1a, 19, 27, 0x20, 1, // SpanEvent
  28, 0x0a, 4, 28, 0x12, 4, 28, 0x1a, 7, 28, 0x22, 19, 28, 0x28, 1, 28, 0x35, 3, // SpanLink
  29, 0x12, 7, 29, 0x18, 1, // Status
  30, 0x0a, 47, // ExportLogsServiceRequest
  31, 0x0a, 18, 31, 0x12, 48, 31, 0x1a, 7, // ResourceLogs
  32, 0x0a, 25, 32, 0x12, 49, 32, 0x1a, 7, // ScopeLogs
  33, 0x09, 2, 33, 0x10, 1, 33, 0x1a, 7, 33, 0x2a, 20, 33, 0x32, 19, 33, 0x38, 1, 33, 0x45, 3, 33, 0x4a, 4, 33, 0x52, 4, 33, 0x59, 2, 33, 0x62, 7, // LogRecord
]);
export const FIELD_COUNT = 154;
