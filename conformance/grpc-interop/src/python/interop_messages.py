"""Message classes of grpc.testing, made from the descriptor that the test hands over in INTEROP_DESCRIPTOR (base64)."""

import base64
import os

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_file = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(os.environ["INTEROP_DESCRIPTOR"]))
_pool = descriptor_pool.DescriptorPool()
_pool.Add(_file)
_factory = message_factory.MessageFactory(_pool)


def message(name):
    return _factory.GetPrototype(_pool.FindMessageTypeByName("grpc.testing." + name))


Empty = message("Empty")
SimpleRequest = message("SimpleRequest")
SimpleResponse = message("SimpleResponse")
InputRequest = message("StreamingInputCallRequest")
InputResponse = message("StreamingInputCallResponse")
OutputRequest = message("StreamingOutputCallRequest")
OutputResponse = message("StreamingOutputCallResponse")
SERVICE = "/grpc.testing.TestService/"
