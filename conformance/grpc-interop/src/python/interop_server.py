"""Interop's service on the C++ core's Python server, for our client. Prints its port, ends when its input does."""

import sys
from concurrent import futures

import grpc
from interop_messages import (
    Empty,
    InputRequest,
    InputResponse,
    OutputRequest,
    OutputResponse,
    SimpleRequest,
    SimpleResponse,
)

INITIAL = "x-grpc-test-echo-initial"
TRAILING = "x-grpc-test-echo-trailing-bin"


def echo_metadata(context):
    for key, value in context.invocation_metadata():
        if key == INITIAL:
            context.send_initial_metadata([(key, value)])
        elif key == TRAILING:
            context.set_trailing_metadata([(key, value)])


def check_status(request, context):
    if request.response_status.code != 0:
        code = next(code for code in grpc.StatusCode if code.value[0] == request.response_status.code)
        context.abort(code, request.response_status.message)


def unary_call(request, context):
    if request.response_compressed.value:
        context.set_compression(grpc.Compression.Gzip)
    echo_metadata(context)
    check_status(request, context)
    return SimpleResponse(payload={"body": bytes(request.response_size)})


def output_call(request, context):
    if any(parameters.compressed.value for parameters in request.response_parameters):
        context.set_compression(grpc.Compression.Gzip)
    echo_metadata(context)
    yield from outputs(request, context)


def outputs(request, context):
    for parameters in request.response_parameters:
        if parameters.HasField("compressed") and not parameters.compressed.value:
            context.disable_next_message_compression()
        yield OutputResponse(payload={"body": bytes(parameters.size)})


def input_call(requests, context):
    echo_metadata(context)
    return InputResponse(aggregated_payload_size=sum(len(request.payload.body) for request in requests))


def duplex_call(requests, context):
    echo_metadata(context)
    for request in requests:
        check_status(request, context)
        yield from outputs(request, context)


def handler(kind, run, request, response):
    return kind(run, request_deserializer=request.FromString, response_serializer=response.SerializeToString)


unary, output = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
stream_input, duplex = grpc.stream_unary_rpc_method_handler, grpc.stream_stream_rpc_method_handler
server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
methods = {
    "EmptyCall": handler(unary, lambda _request, _context: Empty(), Empty, Empty),
    "UnaryCall": handler(unary, unary_call, SimpleRequest, SimpleResponse),
    "StreamingOutputCall": handler(output, output_call, OutputRequest, OutputResponse),
    "StreamingInputCall": handler(stream_input, input_call, InputRequest, InputResponse),
    "FullDuplexCall": handler(duplex, duplex_call, OutputRequest, OutputResponse),
}
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.testing.TestService", methods),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
sys.stdin.read()
server.stop(0)
