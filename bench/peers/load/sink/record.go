// Recording what the receiver itself has to say (anomaly metrics and events) as JSON lines.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
)

// recorder writes one line a data point or log record; a nil recorder writes nothing.
type recorder struct {
	mu    sync.Mutex
	file  *os.File
	lines *bufio.Writer
}

func newRecorder(path string) *recorder {
	if path == "" {
		return nil
	}
	file, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	return &recorder{file: file, lines: bufio.NewWriterSize(file, 1<<20)}
}

func (r *recorder) take(path string, body []byte) error {
	if r == nil {
		return nil
	}
	if strings.Contains(path, "ogs") {
		return r.logs(body)
	}
	return r.metrics(body)
}

func (r *recorder) write(kind, name string, at pcommon.Timestamp, value any, attributes pcommon.Map) {
	line, err := json.Marshal(map[string]any{
		"kind": kind, "name": name, "time_unix_nano": int64(at), "value": value, "attributes": attributes.AsRaw()})
	if err != nil {
		panic(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines.Write(append(line, '\n'))
}

// flush makes everything written so far visible in the file.
func (r *recorder) flush() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines.Flush()
}

// metrics records gauges and sums, the only types that pxanomaly makes.
func (r *recorder) metrics(body []byte) error {
	request := pmetricotlp.NewExportRequest()
	if err := request.UnmarshalProto(body); err != nil {
		return err
	}
	for _, resource := range request.Metrics().ResourceMetrics().All() {
		for _, scope := range resource.ScopeMetrics().All() {
			for _, metric := range scope.Metrics().All() {
				switch metric.Type() {
				case pmetric.MetricTypeGauge:
					r.points(metric.Name(), metric.Gauge().DataPoints())
				case pmetric.MetricTypeSum:
					r.points(metric.Name(), metric.Sum().DataPoints())
				}
			}
		}
	}
	return nil
}

func (r *recorder) points(name string, points pmetric.NumberDataPointSlice) {
	for _, point := range points.All() {
		value := point.DoubleValue()
		if point.ValueType() == pmetric.NumberDataPointValueTypeInt {
			value = float64(point.IntValue())
		}
		r.write("metric", name, point.Timestamp(), value, point.Attributes())
	}
}

func (r *recorder) logs(body []byte) error {
	request := plogotlp.NewExportRequest()
	if err := request.UnmarshalProto(body); err != nil {
		return err
	}
	for _, resource := range request.Logs().ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				r.write("log", record.EventName(), record.Timestamp(), record.Body().AsString(), record.Attributes())
			}
		}
	}
	return nil
}
