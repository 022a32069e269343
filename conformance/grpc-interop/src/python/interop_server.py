"""Interop's unary methods on the C++ core's Python server, for our client. Prints its port, ends when its input does."""

import sys
from concurrent import futures

import grpc
from interop_messages import Empty, SimpleRequest, SimpleResponse


def echo_metadata(context):
    for key, value in context.invocation_metadata():
        if key == "x-grpc-test-echo-initial":
            context.send_initial_metadata([(key, value)])


def unary_call(request, context):
    echo_metadata(context)
    if request.response_status.code != 0:
        code = next(code for code in grpc.StatusCode if code.value[0] == request.response_status.code)
        context.abort(code, request.response_status.message)
    return SimpleResponse(payload={"body": bytes(request.response_size)})


def handler(run, request, response):
    return grpc.unary_unary_rpc_method_handler(
        run, request_deserializer=request.FromString, response_serializer=response.SerializeToString
    )


server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
methods = {
    "EmptyCall": handler(lambda _request, _context: Empty(), Empty, Empty),
    "UnaryCall": handler(unary_call, SimpleRequest, SimpleResponse),
}
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.testing.TestService", methods),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
sys.stdin.read()
server.stop(0)
