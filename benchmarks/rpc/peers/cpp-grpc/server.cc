// The echo on Debian's C++ gRPC: asynchronous server, one completion queue, one thread, as its documentation advises for one core.
#include <grpcpp/grpcpp.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include "echo.grpc.pb.h"

class Call {
 public:
  Call(echo::EchoService::AsyncService* service, grpc::ServerCompletionQueue* queue)
      : service_(service), queue_(queue), writer_(&context_) {
    service_->RequestEcho(&context_, &request_, &writer_, queue_, queue_, this);
  }
  void Proceed(bool ok) {
    if (!ok || answered_) {
      delete this;
      return;
    }
    new Call(service_, queue_);
    response_.set_message(request_.message());
    answered_ = true;
    writer_.Finish(response_, grpc::Status::OK, this);
  }

 private:
  echo::EchoService::AsyncService* service_;
  grpc::ServerCompletionQueue* queue_;
  grpc::ServerContext context_;
  echo::EchoRequest request_;
  echo::EchoResponse response_;
  grpc::ServerAsyncResponseWriter<echo::EchoResponse> writer_;
  bool answered_ = false;
};

int main(int argc, char** argv) {
  std::string port = "0";
  for (int i = 1; i + 1 < argc; i += 2)
    if (!strcmp(argv[i], "--port")) port = argv[i + 1];
  echo::EchoService::AsyncService service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:" + port, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  auto queue = builder.AddCompletionQueue();
  auto server = builder.BuildAndStart();
  if (!server) return 1;
  for (int i = 0; i < 512; i++) new Call(&service, queue.get());
  puts("ready");
  fflush(stdout);
  void* tag;
  bool ok;
  while (queue->Next(&tag, &ok)) static_cast<Call*>(tag)->Proceed(ok);
}
