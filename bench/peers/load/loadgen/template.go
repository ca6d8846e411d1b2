// Payloads are serialised once, with marks where times and values go; before each send only those eight bytes are patched,
// so that the generator costs a small part of what a receiver does.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
)

// kinds of metrics an edge has: latency, requests, errors, bytes
const kinds = 4

const (
	timeMark  = uint64(0x0102030405060708)
	valueMark = uint64(0x4141424243434444)
)

var (
	metricNames = [kinds]string{"edge.latency", "edge.requests", "edge.errors", "edge.bytes"}
	metricUnits = [kinds]string{"ms", "{request}", "{error}", "By"}
)

// rowOffsets says where a row's times and values are in its template.
type rowOffsets struct {
	time  [kinds]int
	value [kinds]int
}

// template is a serialised request that patch fills.
type template struct {
	body []byte
	rows []rowOffsets
}

// edge is what a row names.
type edge struct{ source, destination, namespace, pod, node string }

func edgeOf(series int) edge {
	h := splitmix(uint64(series))
	return edge{
		source:      fmt.Sprintf("svc-%04d", series%997),
		destination: fmt.Sprintf("svc-%04d-%05d", (series*7+3)%991, series),
		namespace:   fmt.Sprintf("team-%02d", h%12),
		pod:         fmt.Sprintf("svc-%04d-%010x-%05x", series%997, h&0xffffffffff, (h>>40)&0xfffff),
		node:        fmt.Sprintf("node-%03d", series%64),
	}
}

// newTemplate serialises a request whose first row is of that series.
func newTemplate(first int) *template {
	metrics := pmetric.NewMetrics()
	if *sdkLayout {
		fillAsSDK(metrics, first)
	} else {
		fillAsPixie(metrics, first)
	}
	body, err := pmetricotlp.NewExportRequestFromMetrics(metrics).MarshalProto()
	if err != nil {
		panic(err)
	}
	t := &template{body: body, rows: make([]rowOffsets, *rows)}
	times, values := find(body, timeMark), find(body, valueMark)
	if len(times) != kinds**rows || len(values) != len(times) {
		panic(fmt.Sprintf("found %d times and %d values, want %d", len(times), len(values), kinds**rows))
	}
	for i := range times {
		row, kind := i/kinds, i%kinds
		if *sdkLayout {
			row, kind = i%*rows, i / *rows
		}
		t.rows[row].time[kind], t.rows[row].value[kind] = times[i], values[i]
	}
	return t
}

// fillAsPixie writes each row as a resource of its own, as Pixie's OTel sink does.
func fillAsPixie(metrics pmetric.Metrics, first int) {
	metrics.ResourceMetrics().EnsureCapacity(*rows)
	for r := 0; r < *rows; r++ {
		e := edgeOf((first + r) % *series)
		resource := metrics.ResourceMetrics().AppendEmpty()
		put(resource.Resource().Attributes(), "service.name", e.namespace+"/"+e.source, "k8s.namespace.name", e.namespace,
			"k8s.pod.name", e.pod, "k8s.node.name", e.node, "k8s.cluster.name", "prod-eu-1",
			"px.cluster.id", "5e1f0a52-41cf-4a68-9d51-b2a3b8a6f1d0")
		scope := resource.ScopeMetrics().AppendEmpty()
		scope.Metrics().EnsureCapacity(kinds)
		for k := 0; k < kinds; k++ {
			addPoint(addMetric(scope, k), e, k)
		}
	}
}

// fillAsSDK writes all rows under one resource, one metric a kind with many points.
func fillAsSDK(metrics pmetric.Metrics, first int) {
	resource := metrics.ResourceMetrics().AppendEmpty()
	put(resource.Resource().Attributes(), "service.name", "edge-exporter", "k8s.cluster.name", "prod-eu-1",
		"service.instance.id", "0b2f1c6e-7b9e-4c43-9a44-1f0f5a6d7e81", "telemetry.sdk.language", "go")
	scope := resource.ScopeMetrics().AppendEmpty()
	scope.Scope().SetName("edges")
	for k := 0; k < kinds; k++ {
		gauge := addMetric(scope, k)
		for r := 0; r < *rows; r++ {
			addPoint(gauge, edgeOf((first+r)%*series), k)
		}
	}
}

func addMetric(scope pmetric.ScopeMetrics, kind int) pmetric.Gauge {
	metric := scope.Metrics().AppendEmpty()
	metric.SetName(metricNames[kind])
	metric.SetUnit(metricUnits[kind])
	return metric.SetEmptyGauge()
}

func addPoint(gauge pmetric.Gauge, e edge, kind int) {
	point := gauge.DataPoints().AppendEmpty()
	point.SetTimestamp(pcommon.Timestamp(timeMark))
	if kind == kinds-1 {
		point.SetIntValue(int64(valueMark))
	} else {
		point.SetDoubleValue(math.Float64frombits(valueMark))
	}
	put(point.Attributes(), "src_service", e.source, "dst_service", e.destination, "namespace", e.namespace, "pod", e.pod)
}

func put(attributes pcommon.Map, pairs ...string) {
	attributes.EnsureCapacity(len(pairs) / 2)
	for i := 0; i < len(pairs); i += 2 {
		attributes.PutStr(pairs[i], pairs[i+1])
	}
}

// find returns the offsets of every mark in the body.
func find(body []byte, mark uint64) (offsets []int) {
	var pattern [8]byte
	binary.LittleEndian.PutUint64(pattern[:], mark)
	for i := 0; ; {
		j := bytes.Index(body[i:], pattern[:])
		if j < 0 {
			return offsets
		}
		offsets = append(offsets, i+j)
		i += j + 8
	}
}

func splitmix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}
