// Sending: concurrent workers over gRPC or HTTP that note latency, bytes and a digest of what was acknowledged.
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	"pxanomaly/load/rawcodec"
)

const method = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"

// transport sends one body, compressed already where compression was asked for.
type transport func(body []byte) error

// preGzip is a gRPC compressor called "gzip" whose input is compressed already.
type preGzip struct{}
type asIs struct{ io.Writer }

func (asIs) Close() error                                    { return nil }
func (preGzip) Name() string                                 { return "gzip" }
func (preGzip) Compress(w io.Writer) (io.WriteCloser, error) { return asIs{w}, nil }
func (preGzip) Decompress(r io.Reader) (io.Reader, error)    { return gzip.NewReader(r) }

func newTransport() transport {
	if *useHTTP {
		return overHTTP(&http.Client{Timeout: *timeout, Transport: &http.Transport{
			MaxConnsPerHost: *concurrency, MaxIdleConnsPerHost: *concurrency, DisableCompression: true, WriteBufferSize: 1 << 16}})
	}
	if *useGzip {
		encoding.RegisterCompressor(preGzip{})
	}
	connection, err := grpc.NewClient(*addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(rawcodec.Codec{}), grpc.MaxCallRecvMsgSize(64<<20)),
		grpc.WithInitialWindowSize(1<<20), grpc.WithWriteBufferSize(1<<16))
	if err != nil {
		panic(err)
	}
	return overGRPC(connection)
}

func overGRPC(connection *grpc.ClientConn) transport {
	var options []grpc.CallOption
	if *useGzip {
		options = append(options, grpc.UseCompressor("gzip"))
	}
	return func(body []byte) error {
		ctx, cancel := context.WithTimeout(context.Background(), *timeout)
		defer cancel()
		return connection.Invoke(ctx, method, &rawcodec.Message{Bytes: body}, &rawcodec.Message{}, options...)
	}
}

func overHTTP(client *http.Client) transport {
	return func(body []byte) error {
		request, err := http.NewRequest("POST", *addr+"/v1/metrics", bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/x-protobuf")
		if *useGzip {
			request.Header.Set("Content-Encoding", "gzip")
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("HTTP %d", response.StatusCode)
		}
		return nil
	}
}

// tally is what all workers together have done.
type tally struct {
	next, ok, failed, bytes, done atomic.Int64
	// sum of the CRC-32C of every acknowledged body: the sink's sum is the same if and only if the same bodies arrived.
	digest     atomic.Uint64
	firstError atomic.Value
	begin      time.Time
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// worker sends one request after the other until the end, and returns the latencies in ms.
func (t *tally) worker(w *world, base []*template, send transport) (latencies []float64) {
	own := make([]*template, len(base))
	var zip *gzip.Writer
	var zipped bytes.Buffer
	if *useGzip {
		zip, _ = gzip.NewWriterLevel(&zipped, *gzipLevel)
	}
	for {
		n := t.next.Add(1) - 1
		if t.over(n) {
			return latencies
		}
		i := n % int64(len(base))
		if own[i] == nil {
			own[i] = &template{body: bytes.Clone(base[i].body), rows: base[i].rows}
		}
		w.patch(own[i], n)
		body := own[i].body
		digest := uint64(crc32.Checksum(body, castagnoli))
		if *useGzip {
			body = compress(zip, &zipped, body)
		}
		t.await(n)
		began := time.Now()
		err := send(body)
		t.done.Add(1)
		if err != nil {
			t.failed.Add(1)
			t.firstError.CompareAndSwap(nil, err.Error())
			time.Sleep(20 * time.Millisecond)
			continue
		}
		latencies = append(latencies, float64(time.Since(began))/1e6)
		t.ok.Add(1)
		t.bytes.Add(int64(len(body)))
		t.digest.Add(digest)
	}
}

func compress(zip *gzip.Writer, into *bytes.Buffer, body []byte) []byte {
	into.Reset()
	zip.Reset(into)
	zip.Write(body)
	zip.Close()
	return into.Bytes()
}

func (t *tally) over(n int64) bool {
	if *requests > 0 {
		return n >= *requests
	}
	return time.Since(t.begin) >= *duration
}

// await holds request n back until its time has come: the rate, and with the virtual clock the end of the tick before,
// since a sender's runs follow one another (nothing of a tick goes before the last tick is acknowledged).
func (t *tally) await(n int64) {
	if *rate > 0 {
		time.Sleep(time.Until(t.begin.Add(time.Duration(float64(n) / *rate * 1e9))))
	}
	if *clock != "virtual" {
		return
	}
	perTick := int64(*series)
	first := (n*int64(*rows)/perTick*perTick + int64(*rows) - 1) / int64(*rows)
	for t.done.Load() < min(first, n) {
		time.Sleep(50 * time.Microsecond)
	}
}
