// otlp-go is OTLP/gRPC as grpc-go speaks it out of the box, a server and a client of typed messages.
//
//	otlp-go serve [-cert FILE -key FILE] ADDRESS     one JSON line a request: the header x-row, signal, items
//	otlp-go send [-gzip] [-ca FILE] ADDRESS SIGNAL=FILE...   one JSON line a file: code, details, the rejected items
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	logspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	pb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

var (
	gzipped = flag.Bool("gzip", false, "compress requests")
	ca      = flag.String("ca", "", "authority to trust; without it there is no TLS")
	cert    = flag.String("cert", "", "the server's certificate")
	key     = flag.String("key", "", "its key")
	mutex   sync.Mutex
)

func main() {
	command := os.Args[1]
	if err := flag.CommandLine.Parse(os.Args[2:]); err != nil {
		fail(err)
	}
	switch command {
	case "serve":
		serve(flag.Arg(0))
	case "send":
		send(flag.Arg(0), flag.Args()[1:])
	default:
		fail(fmt.Errorf("unknown command %s", command))
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// say writes one line: calls come at the same time.
func say(line map[string]any) {
	text, _ := json.Marshal(line)
	mutex.Lock()
	defer mutex.Unlock()
	fmt.Println(string(text))
}

type metrics struct {
	metricspb.UnimplementedMetricsServiceServer
}
type traces struct {
	tracepb.UnimplementedTraceServiceServer
}
type logs struct {
	logspb.UnimplementedLogsServiceServer
}

func arrived(ctx context.Context, signal string, items int) {
	row := ""
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		row = strings.Join(md.Get("x-row"), ",")
	}
	say(map[string]any{"row": row, "signal": signal, "items": items})
}

func pointsOf(metric *pb.Metric) int {
	switch data := metric.Data.(type) {
	case *pb.Metric_Gauge:
		return len(data.Gauge.DataPoints)
	case *pb.Metric_Sum:
		return len(data.Sum.DataPoints)
	case *pb.Metric_Histogram:
		return len(data.Histogram.DataPoints)
	case *pb.Metric_ExponentialHistogram:
		return len(data.ExponentialHistogram.DataPoints)
	case *pb.Metric_Summary:
		return len(data.Summary.DataPoints)
	}
	return 0
}

func (metrics) Export(ctx context.Context, in *metricspb.ExportMetricsServiceRequest) (*metricspb.ExportMetricsServiceResponse, error) {
	items := 0
	for _, resource := range in.ResourceMetrics {
		for _, scope := range resource.ScopeMetrics {
			for _, metric := range scope.Metrics {
				items += pointsOf(metric)
			}
		}
	}
	arrived(ctx, "metrics", items)
	return &metricspb.ExportMetricsServiceResponse{}, nil
}

func (traces) Export(ctx context.Context, in *tracepb.ExportTraceServiceRequest) (*tracepb.ExportTraceServiceResponse, error) {
	items := 0
	for _, resource := range in.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			items += len(scope.Spans)
		}
	}
	arrived(ctx, "traces", items)
	return &tracepb.ExportTraceServiceResponse{}, nil
}

func (logs) Export(ctx context.Context, in *logspb.ExportLogsServiceRequest) (*logspb.ExportLogsServiceResponse, error) {
	items := 0
	for _, resource := range in.ResourceLogs {
		for _, scope := range resource.ScopeLogs {
			items += len(scope.LogRecords)
		}
	}
	arrived(ctx, "logs", items)
	return &logspb.ExportLogsServiceResponse{}, nil
}

func serve(address string) {
	var options []grpc.ServerOption
	if *cert != "" {
		secure, err := credentials.NewServerTLSFromFile(*cert, *key)
		if err != nil {
			fail(err)
		}
		options = append(options, grpc.Creds(secure))
	}
	server := grpc.NewServer(options...)
	metricspb.RegisterMetricsServiceServer(server, metrics{})
	tracepb.RegisterTraceServiceServer(server, traces{})
	logspb.RegisterLogsServiceServer(server, logs{})
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fail(err)
	}
	fail(server.Serve(listener))
}

func send(address string, files []string) {
	secure := insecure.NewCredentials()
	if *ca != "" {
		authority, err := credentials.NewClientTLSFromFile(*ca, "")
		if err != nil {
			fail(err)
		}
		secure = authority
	}
	options := []grpc.DialOption{grpc.WithTransportCredentials(secure)}
	if *gzipped {
		options = append(options, grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)))
	}
	connection, err := grpc.NewClient(address, options...)
	if err != nil {
		fail(err)
	}
	defer connection.Close()
	for _, file := range files {
		signal, path, _ := strings.Cut(file, "=")
		body, err := os.ReadFile(path)
		if err != nil {
			fail(err)
		}
		rejected, err := export(connection, signal, body)
		state := status.Convert(err)
		say(map[string]any{"code": state.Code().String(), "details": state.Message(), "rejected": rejected})
	}
}

func export(connection *grpc.ClientConn, signal string, body []byte) (int64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	switch signal {
	case "metrics":
		request := &metricspb.ExportMetricsServiceRequest{}
		if err := proto.Unmarshal(body, request); err != nil {
			return 0, err
		}
		answer, err := metricspb.NewMetricsServiceClient(connection).Export(ctx, request)
		return answer.GetPartialSuccess().GetRejectedDataPoints(), err
	case "traces":
		request := &tracepb.ExportTraceServiceRequest{}
		if err := proto.Unmarshal(body, request); err != nil {
			return 0, err
		}
		answer, err := tracepb.NewTraceServiceClient(connection).Export(ctx, request)
		return answer.GetPartialSuccess().GetRejectedSpans(), err
	}
	request := &logspb.ExportLogsServiceRequest{}
	if err := proto.Unmarshal(body, request); err != nil {
		return 0, err
	}
	answer, err := logspb.NewLogsServiceClient(connection).Export(ctx, request)
	return answer.GetPartialSuccess().GetRejectedLogRecords(), err
}
