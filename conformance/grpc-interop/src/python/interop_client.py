"""The eighteen interop cases with the C++ core's Python client; prints `ok <case>` for each. Argument: the port."""

import queue
import sys

import grpc
from interop_messages import (
    SERVICE,
    Empty,
    InputRequest,
    InputResponse,
    OutputRequest,
    OutputResponse,
    SimpleRequest,
    SimpleResponse,
)

REQUEST_SIZES = [27182, 8, 1828, 45904]
RESPONSE_SIZES = [31415, 9, 2653, 58979]
LIMIT_SECONDS = 20

channel = grpc.insecure_channel("127.0.0.1:" + sys.argv[1])


def stub(make, path, request, response):
    return make(path, request_serializer=request.SerializeToString, response_deserializer=response.FromString)


empty_call = stub(channel.unary_unary, SERVICE + "EmptyCall", Empty, Empty)
unary_call = stub(channel.unary_unary, SERVICE + "UnaryCall", SimpleRequest, SimpleResponse)
input_call = stub(channel.stream_unary, SERVICE + "StreamingInputCall", InputRequest, InputResponse)
output_call = stub(channel.unary_stream, SERVICE + "StreamingOutputCall", OutputRequest, OutputResponse)
duplex_call = stub(channel.stream_stream, SERVICE + "FullDuplexCall", OutputRequest, OutputResponse)


def large(**fields):
    return SimpleRequest(response_size=314159, payload={"body": bytes(271828)}, **fields)


def fails_with(code, call):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, error
        return error
    raise AssertionError("the call succeeded, expected " + str(code))


def empty_unary():
    assert empty_call(Empty(), timeout=LIMIT_SECONDS) == Empty()


def large_unary():
    assert len(unary_call(large(), timeout=LIMIT_SECONDS).payload.body) == 314159


def client_compressed_unary():
    fails_with(grpc.StatusCode.INVALID_ARGUMENT, lambda: unary_call(large(expect_compressed={"value": True})))
    request = large(expect_compressed={"value": True})
    assert len(unary_call(request, compression=grpc.Compression.Gzip).payload.body) == 314159
    unary_call(large(expect_compressed={"value": False}))


def server_compressed_unary():
    for value in (True, False):
        assert len(unary_call(large(response_compressed={"value": value})).payload.body) == 314159


def client_streaming():
    requests = (InputRequest(payload={"body": bytes(size)}) for size in REQUEST_SIZES)
    assert input_call(requests, timeout=LIMIT_SECONDS).aggregated_payload_size == 74922


def client_compressed_streaming():
    requests = lambda: iter([InputRequest(expect_compressed={"value": True}, payload={"body": bytes(27182)})])
    fails_with(grpc.StatusCode.INVALID_ARGUMENT, lambda: input_call(requests()))
    assert input_call(requests(), compression=grpc.Compression.Gzip).aggregated_payload_size == 27182


def server_streaming():
    request = OutputRequest(response_parameters=[{"size": size} for size in RESPONSE_SIZES])
    assert [len(answer.payload.body) for answer in output_call(request, timeout=LIMIT_SECONDS)] == RESPONSE_SIZES


def server_compressed_streaming():
    parameters = [{"size": 31415, "compressed": {"value": True}}, {"size": 92653, "compressed": {"value": False}}]
    answers = output_call(OutputRequest(response_parameters=parameters), timeout=LIMIT_SECONDS)
    assert [len(answer.payload.body) for answer in answers] == [31415, 92653]


def ping_pong():
    requests = queue.Queue()
    answers = duplex_call(iter(requests.get, None), timeout=LIMIT_SECONDS)
    for size, answer_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        requests.put(OutputRequest(response_parameters=[{"size": answer_size}], payload={"body": bytes(size)}))
        assert len(next(answers).payload.body) == answer_size
    requests.put(None)
    assert next(answers, None) is None


def empty_stream():
    assert list(duplex_call(iter([]), timeout=LIMIT_SECONDS)) == []


def custom_metadata():
    initial = ("x-grpc-test-echo-initial", "test_initial_metadata_value")
    trailing = ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")
    _, unary = unary_call.with_call(large(), metadata=[initial, trailing])
    request = OutputRequest(response_parameters=[{"size": 314159}], payload={"body": bytes(271828)})
    duplex = duplex_call(iter([request]), metadata=[initial, trailing])
    list(duplex)
    for call in (unary, duplex):
        assert initial in [tuple(entry) for entry in call.initial_metadata()]
        assert trailing in [tuple(entry) for entry in call.trailing_metadata()]


def status_code_and_message():
    status = {"code": 2, "message": "test status message"}
    error = fails_with(grpc.StatusCode.UNKNOWN, lambda: unary_call(SimpleRequest(response_status=status)))
    assert error.details() == status["message"]
    requests = iter([OutputRequest(response_status=status)])
    error = fails_with(grpc.StatusCode.UNKNOWN, lambda: list(duplex_call(requests)))
    assert error.details() == status["message"]


def special_status_message():
    text = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"
    request = SimpleRequest(response_status={"code": 2, "message": text})
    assert fails_with(grpc.StatusCode.UNKNOWN, lambda: unary_call(request)).details() == text


def unimplemented_method():
    call = stub(channel.unary_unary, SERVICE + "UnimplementedCall", Empty, Empty)
    fails_with(grpc.StatusCode.UNIMPLEMENTED, lambda: call(Empty()))


def unimplemented_service():
    call = stub(channel.unary_unary, "/grpc.testing.UnimplementedService/UnimplementedCall", Empty, Empty)
    fails_with(grpc.StatusCode.UNIMPLEMENTED, lambda: call(Empty()))


def cancel_after_begin():
    requests = queue.Queue()
    call = input_call.future(iter(requests.get, None))
    call.cancel()
    requests.put(None)
    assert call.code() == grpc.StatusCode.CANCELLED


def cancel_after_first_response():
    requests = queue.Queue()
    answers = duplex_call(iter(requests.get, None))
    requests.put(OutputRequest(response_parameters=[{"size": 31415}], payload={"body": bytes(27182)}))
    next(answers)
    answers.cancel()
    requests.put(None)
    fails_with(grpc.StatusCode.CANCELLED, lambda: next(answers))


def timeout_on_sleeping_server():
    requests = queue.Queue()
    requests.put(OutputRequest(payload={"body": bytes(27182)}))
    answers = duplex_call(iter(requests.get, None), timeout=0.001)
    fails_with(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: next(answers))
    requests.put(None)


for case in (
    empty_unary,
    large_unary,
    client_compressed_unary,
    server_compressed_unary,
    client_streaming,
    client_compressed_streaming,
    server_streaming,
    server_compressed_streaming,
    ping_pong,
    empty_stream,
    custom_metadata,
    status_code_and_message,
    special_status_message,
    unimplemented_method,
    unimplemented_service,
    cancel_after_begin,
    cancel_after_first_response,
    timeout_on_sleeping_server,
):
    case()
    print("ok " + case.__name__, flush=True)
