// Closed loop against the echo on Debian's C++ gRPC: one thread, one completion queue, `connections` channels with a connection each,
// `outstanding` calls under way on each. Prints what benchmarks/lib/closed-loop.ts prints.
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>
#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>
#include "echo.grpc.pb.h"

using Clock = std::chrono::steady_clock;

static double Seconds(Clock::time_point a, Clock::time_point b) { return std::chrono::duration<double>(b - a).count(); }

static double CpuSeconds() {
  rusage used;
  getrusage(RUSAGE_SELF, &used);
  return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

struct Call {
  echo::EchoService::Stub* stub;
  std::unique_ptr<grpc::ClientContext> context;
  std::unique_ptr<grpc::ClientAsyncResponseReader<echo::EchoResponse>> reader;
  echo::EchoResponse response;
  grpc::Status status;
  Clock::time_point start;

  void Start(const echo::EchoRequest& request, grpc::CompletionQueue* queue) {
    context = std::make_unique<grpc::ClientContext>();
    start = Clock::now();
    reader = stub->AsyncEcho(context.get(), request, queue);
    reader->Finish(&response, &status, this);
  }
};

int main(int argc, char** argv) {
  std::string port;
  int connections = 1, outstanding = 1, warmup = 700, measure = 1500;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--port")) port = argv[i + 1];
    if (!strcmp(argv[i], "--connections")) connections = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--outstanding")) outstanding = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--warmup")) warmup = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--measure")) measure = atoi(argv[i + 1]);
  }
  std::string payload;
  for (int i = 0; i < 10; i++) payload += "0123456789";
  echo::EchoRequest request;
  request.set_message(payload);
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<echo::EchoService::Stub>> stubs;
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < connections; i++) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stubs.push_back(echo::EchoService::NewStub(
        grpc::CreateCustomChannel("127.0.0.1:" + port, grpc::InsecureChannelCredentials(), arguments)));
    for (int j = 0; j < outstanding; j++) {
      calls.push_back(std::make_unique<Call>());
      calls.back()->stub = stubs.back().get();
      calls.back()->Start(request, &queue);
    }
  }
  auto begin = Clock::now();
  auto from = begin + std::chrono::milliseconds(warmup);
  auto until = from + std::chrono::milliseconds(measure);
  std::vector<float> samples;
  samples.reserve(1 << 20);
  long done = 0, errors = 0;
  double cpu = -1;
  void* tag;
  bool ok;
  while (queue.Next(&tag, &ok)) {
    Call* call = static_cast<Call*>(tag);
    auto now = Clock::now();
    if (!call->status.ok() || call->response.message().size() != payload.size()) errors++;
    if (now >= until) break;
    if (now >= from) {
      if (cpu < 0) cpu = CpuSeconds();
      done++;
      samples.push_back(Seconds(call->start, now) * 1e6);
    }
    call->Start(request, &queue);
  }
  double used = CpuSeconds() - cpu;
  std::sort(samples.begin(), samples.end());
  auto quantile = [&](double q) { return samples.empty() ? 0 : (long)samples[(size_t)(samples.size() * q)]; };
  printf("{\"callsPerSecond\":%ld,\"p50Us\":%ld,\"p99Us\":%ld,\"clientCpuSeconds\":%.3f,\"calls\":%ld,\"errors\":%ld}\n",
         (long)(done / (measure / 1000.0)), quantile(0.5), quantile(0.99), used, done, errors);
  fflush(stdout);
  _exit(0);
}
