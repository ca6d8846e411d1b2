"""OTLP/gRPC as gRPC's C core speaks it, a server and a client of bytes.

    otlp-peer.py serve [--cert FILE --key FILE] HOST:PORT          one JSON line a request: the header x-row, signal, body
    otlp-peer.py send [--gzip] [--ca FILE] HOST:PORT SIGNAL=FILE...    one JSON line a file: code, details, answer

The server answers in gzip, with a field of the future that makes its answer worth compressing.
"""
import argparse
import json
import sys
import threading
from concurrent import futures

import grpc

SERVICES = {"metrics": "metrics.v1.MetricsService", "traces": "trace.v1.TraceService", "logs": "logs.v1.LogsService"}
METHODS = {f"/opentelemetry.proto.collector.{service}/Export": signal for signal, service in SERVICES.items()}
# An empty partial_success, as the Collector sends it, and field 15: two hundred zeros.
ANSWER = b"\x0a\x00" + b"\x7a\xc8\x01" + bytes(200)


SAYING = threading.Lock()


def say(what):
    """One line, whole: print() writes text and end of line apart, and four threads serve."""
    with SAYING:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()


class Export(grpc.GenericRpcHandler):
    def service(self, details):
        signal = METHODS.get(details.method)
        if signal is None:
            return None
        row = dict(details.invocation_metadata).get("x-row", "")

        def take(body, _context):
            say({"row": row, "signal": signal, "body": body.hex()})
            return ANSWER

        return grpc.unary_unary_rpc_method_handler(take)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def serve(given):
    server = grpc.server(futures.ThreadPoolExecutor(4), compression=grpc.Compression.Gzip)
    server.add_generic_rpc_handlers((Export(),))
    if given.cert:
        pair = (read(given.key), read(given.cert))
        server.add_secure_port(given.endpoint, grpc.ssl_server_credentials([pair]))
    else:
        server.add_insecure_port(given.endpoint)
    server.start()
    server.wait_for_termination()


def channel_to(given):
    compression = grpc.Compression.Gzip if given.gzip else grpc.Compression.NoCompression
    if not given.ca:
        return grpc.insecure_channel(given.endpoint, compression=compression)
    return grpc.secure_channel(given.endpoint, grpc.ssl_channel_credentials(read(given.ca)), compression=compression)


def send(given):
    with channel_to(given) as channel:
        for item in given.files:
            signal, path = item.split("=", 1)
            method = channel.unary_unary(f"/opentelemetry.proto.collector.{SERVICES[signal]}/Export")
            try:
                answer, code, details = method(read(path), timeout=10), "OK", ""
            except grpc.RpcError as error:
                answer, code, details = b"", error.code().name, error.details()
            say({"code": code, "details": details, "answer": answer.hex()})


arguments = argparse.ArgumentParser()
commands = arguments.add_subparsers(required=True)
server = commands.add_parser("serve")
server.set_defaults(run=serve)
server.add_argument("--cert")
server.add_argument("--key")
server.add_argument("endpoint")
client = commands.add_parser("send")
client.set_defaults(run=send)
client.add_argument("--gzip", action="store_true")
client.add_argument("--ca")
client.add_argument("endpoint")
client.add_argument("files", nargs="+", metavar="SIGNAL=FILE")
given = arguments.parse_args()
given.run(given)
