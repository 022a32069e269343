// Load on the echo of Debian's C++ gRPC: one thread, one completion queue, `connections` channels with a connection each. Closed loop with
// `outstanding` calls under way on each, or, with --rate, that many calls a second whatever is under way, each counted from when it was
// due. Prints what benchmarks/lib/closed-loop.ts and open-loop.ts print.
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

  void Start(const echo::EchoRequest& request, grpc::CompletionQueue* queue, Clock::time_point due = Clock::now()) {
    context = std::make_unique<grpc::ClientContext>();
    start = due;
    reader = stub->AsyncEcho(context.get(), request, queue);
    reader->Finish(&response, &status, this);
  }
};

int main(int argc, char** argv) {
  std::string port;
  int connections = 1, outstanding = 1, warmup = 700, measure = 1500;
  double rate = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--port")) port = argv[i + 1];
    if (!strcmp(argv[i], "--connections")) connections = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--outstanding")) outstanding = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--rate")) rate = atof(argv[i + 1]);
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
    for (int j = 0; rate == 0 && j < outstanding; j++) {
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
  long issued = 0;
  std::vector<Call*> spare;
  auto answered = [&](Call* call, Clock::time_point now) {
    if (!call->status.ok() || call->response.message().size() != payload.size()) errors++;
    if (now < from) return;
    if (cpu < 0) cpu = CpuSeconds();
    done++;
    samples.push_back(Seconds(call->start, now) * 1e6);
  };
  while (true) {
    auto now = Clock::now();
    if (now >= until) break;
    if (rate == 0) {
      if (!queue.Next(&tag, &ok)) break;
      Call* call = static_cast<Call*>(tag);
      answered(call, Clock::now());
      call->Start(request, &queue);
      continue;
    }
    auto due = begin + std::chrono::nanoseconds((long)(issued * 1e9 / rate));
    if (due <= now) {
      Call* call;
      if (spare.empty()) {
        calls.push_back(std::make_unique<Call>());
        call = calls.back().get();
      } else {
        call = spare.back();
        spare.pop_back();
      }
      call->stub = stubs[issued++ % stubs.size()].get();
      call->Start(request, &queue, due);
      continue;
    }
    if (queue.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + (due - now)) == grpc::CompletionQueue::GOT_EVENT) {
      answered(static_cast<Call*>(tag), Clock::now());
      spare.push_back(static_cast<Call*>(tag));
    }
  }
  double used = CpuSeconds() - cpu;
  std::sort(samples.begin(), samples.end());
  auto quantile = [&](double q) { return samples.empty() ? 0 : (long)samples[(size_t)(samples.size() * q)]; };
  printf("{\"callsPerSecond\":%ld,\"p50Us\":%ld,\"p99Us\":%ld,\"clientCpuSeconds\":%.3f,\"calls\":%ld,\"errors\":%ld}\n",
         (long)(done / (measure / 1000.0)), quantile(0.5), quantile(0.99), used, done, errors);
  fflush(stdout);
  _exit(0);
}
