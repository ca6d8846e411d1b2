import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.logs.OtlpGrpcLogRecordExporter;
import io.opentelemetry.exporter.otlp.metrics.OtlpGrpcMetricExporter;
import io.opentelemetry.exporter.otlp.trace.OtlpGrpcSpanExporter;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.export.LogRecordExporter;
import io.opentelemetry.sdk.logs.export.SimpleLogRecordProcessor;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.export.MetricExporter;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * OpenTelemetry's Java SDK with its own OTLP exporters: one data point, one span, one log record.
 *
 * <p>{@code OtlpJava grpc|http URL gzip|none}. Exit code 1 where an exporter does not get an OK. Which client gRPC goes through is the
 * SDK's own system property {@code io.opentelemetry.sdk.common.export.GrpcSenderProvider}; the authorities to trust are the JDK's.
 */
public final class OtlpJava {
  public static void main(String[] arguments) throws Exception {
    String url = arguments[1];
    String compression = arguments[2];
    boolean grpc = arguments[0].equals("grpc");
    boolean metrics = export(grpc ? grpcMetrics(url, compression) : httpMetrics(url, compression));
    boolean traces = export(grpc ? grpcTraces(url, compression) : httpTraces(url, compression));
    boolean logs = export(grpc ? grpcLogs(url, compression) : httpLogs(url, compression));
    System.out.println("metrics " + metrics + ", traces " + traces + ", logs " + logs);
    System.exit(metrics && traces && logs ? 0 : 1);
  }

  private static boolean succeeded(CompletableResultCode result) {
    return result.join(10, TimeUnit.SECONDS).isSuccess();
  }

  private static boolean export(MetricExporter exporter) {
    PeriodicMetricReader reader = PeriodicMetricReader.builder(exporter).setInterval(Duration.ofDays(1)).build();
    SdkMeterProvider provider = SdkMeterProvider.builder().registerMetricReader(reader).build();
    provider.get("otlp-java").counterBuilder("requests").build().add(3);
    return succeeded(provider.forceFlush());
  }

  private static boolean export(SpanExporter exporter) {
    SdkTracerProvider provider = SdkTracerProvider.builder().addSpanProcessor(SimpleSpanProcessor.create(exporter)).build();
    provider.get("otlp-java").spanBuilder("GET /").startSpan().end();
    return succeeded(provider.forceFlush());
  }

  private static boolean export(LogRecordExporter exporter) {
    SdkLoggerProvider provider =
        SdkLoggerProvider.builder().addLogRecordProcessor(SimpleLogRecordProcessor.create(exporter)).build();
    provider.get("otlp-java").logRecordBuilder().setSeverity(Severity.INFO).setBody("hello").emit();
    return succeeded(provider.forceFlush());
  }

  private static MetricExporter grpcMetrics(String url, String compression) {
    return OtlpGrpcMetricExporter.builder().setEndpoint(url).setCompression(compression).build();
  }

  private static SpanExporter grpcTraces(String url, String compression) {
    return OtlpGrpcSpanExporter.builder().setEndpoint(url).setCompression(compression).build();
  }

  private static LogRecordExporter grpcLogs(String url, String compression) {
    return OtlpGrpcLogRecordExporter.builder().setEndpoint(url).setCompression(compression).build();
  }

  private static MetricExporter httpMetrics(String url, String compression) {
    return OtlpHttpMetricExporter.builder().setEndpoint(url + "/v1/metrics").setCompression(compression).build();
  }

  private static SpanExporter httpTraces(String url, String compression) {
    return OtlpHttpSpanExporter.builder().setEndpoint(url + "/v1/traces").setCompression(compression).build();
  }

  private static LogRecordExporter httpLogs(String url, String compression) {
    return OtlpHttpLogRecordExporter.builder().setEndpoint(url + "/v1/logs").setCompression(compression).build();
  }
}
