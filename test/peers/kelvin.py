"""Sends files as Pixie's Kelvin does: gRPC's C core, gzip, five seconds, a new channel for every script run.

    kelvin.py HOST:PORT [--metadata NAME=VALUE]... SIGNAL=FILE...

Prints one JSON object a file: status code, details, seconds, bytes of the response.
"""
import argparse
import json
import time

import grpc

SERVICES = {"metrics": "metrics.v1.MetricsService", "traces": "trace.v1.TraceService", "logs": "logs.v1.LogsService"}
DEADLINE_SECONDS = 5
CHANNEL = [
    ("grpc.keepalive_time_ms", 100_000),
    ("grpc.keepalive_timeout_ms", 100_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.bdp_probe", 1),
]


def export(endpoint, metadata, signal, body):
    began = time.monotonic()
    with grpc.insecure_channel(endpoint, options=CHANNEL) as channel:
        method = channel.unary_unary(f"/opentelemetry.proto.collector.{SERVICES[signal]}/Export")
        try:
            answer = method(body, timeout=DEADLINE_SECONDS, metadata=metadata, compression=grpc.Compression.Gzip)
            code, details = "OK", ""
        except grpc.RpcError as error:
            answer, code, details = b"", error.code().name, error.details()
    return {"code": code, "details": details, "seconds": time.monotonic() - began, "answer": answer.hex()}


arguments = argparse.ArgumentParser()
arguments.add_argument("endpoint")
arguments.add_argument("--metadata", action="append", default=[])
arguments.add_argument("files", nargs="+", metavar="SIGNAL=FILE")
given = arguments.parse_args()
pairs = [tuple(pair.split("=", 1)) for pair in given.metadata]
for item in given.files:
    signal, path = item.split("=", 1)
    with open(path, "rb") as file:
        result = export(given.endpoint, pairs, signal, file.read())
    print(json.dumps({"file": path, **result}), flush=True)
