"""Judges OTLP bodies with Python's protobuf (upb): items where a body is well-formed, else -1. Strings are bytes, as for the kernel.

stdin: batches of a count, then for each body its length and its bytes; stdout: an answer for each. All numbers are 32 bits, big-endian.
"""

import struct
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

SERVICES = {
    "metrics": (metrics_service_pb2, "opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest"),
    "traces": (trace_service_pb2, "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest"),
    "logs": (logs_service_pb2, "opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest"),
}
Field = descriptor_pb2.FieldDescriptorProto


def add_with_bytes(pool, file, done):
    """The file and all that it imports, with bytes for strings."""
    if file.name in done:
        return
    done.add(file.name)
    for needed in file.dependencies:
        add_with_bytes(pool, needed, done)
    proto = descriptor_pb2.FileDescriptorProto.FromString(file.serialized_pb)
    stack = list(proto.message_type)
    while stack:
        each = stack.pop()
        stack.extend(each.nested_type)
        for field in each.field:
            if field.type == Field.TYPE_STRING:
                field.type = Field.TYPE_BYTES
    pool.Add(proto)


def points(metric):
    which = metric.WhichOneof("data")
    return len(getattr(metric, which).data_points) if which else 0


COUNT = {
    "metrics": lambda r: sum(points(m) for a in r.resource_metrics for b in a.scope_metrics for m in b.metrics),
    "traces": lambda r: sum(len(b.spans) for a in r.resource_spans for b in a.scope_spans),
    "logs": lambda r: sum(len(b.log_records) for a in r.resource_logs for b in a.scope_logs),
}


def main():
    signal = sys.argv[1]
    module, name = SERVICES[signal]
    pool = descriptor_pool.DescriptorPool()
    add_with_bytes(pool, module.DESCRIPTOR, set())
    request = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))

    def judge(body):
        try:
            return COUNT[signal](request.FromString(body))
        except message.DecodeError:
            return -1

    read, write = sys.stdin.buffer.read, sys.stdout.buffer
    while head := read(4):
        answers = []
        for _ in range(struct.unpack(">I", head)[0]):
            answers.append(judge(read(struct.unpack(">I", read(4))[0])))
        write.write(struct.pack(f">{len(answers)}i", *answers))
        write.flush()


main()
