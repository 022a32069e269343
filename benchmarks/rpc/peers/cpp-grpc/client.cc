// Load on the echo of Debian's C++ gRPC: one thread, one completion queue, `connections` channels with a connection each. Closed loop with
// `outstanding` calls under way on each, or, with --windows on, what is asked for on standard input: as benchmarks/lib/windows.ts, with closed
// loops and open ones, in which each call is counted from when it was due. Prints what closed-loop.ts and open-loop.ts there give.
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

struct Load {
  echo::EchoRequest request;
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<echo::EchoService::Stub>> stubs;
  size_t payload;
  long errors = 0;

  Call* Answered(void* tag) {
    Call* call = static_cast<Call*>(tag);
    if (!call->status.ok() || call->response.message().size() != payload) errors++;
    return call;
  }

  // Ends with every call answered, so that the next window begins with none under way.
  void Closed(int outstanding, int warmup, int measure) {
    std::vector<std::unique_ptr<Call>> calls;
    for (auto& stub : stubs)
      for (int i = 0; i < outstanding; i++) {
        calls.push_back(std::make_unique<Call>());
        calls.back()->stub = stub.get();
        calls.back()->Start(request, &queue);
      }
    auto from = Clock::now() + std::chrono::milliseconds(warmup);
    auto until = from + std::chrono::milliseconds(measure);
    std::vector<float> samples;
    double cpu = -1;
    size_t under_way = calls.size();
    errors = 0;
    void* tag;
    bool ok;
    while (under_way > 0 && queue.Next(&tag, &ok)) {
      Call* call = Answered(tag);
      auto now = Clock::now();
      if (cpu < 0 && now >= from) cpu = CpuSeconds();
      if (now >= from && now < until) samples.push_back(Seconds(call->start, now) * 1e6);
      if (now < until)
        call->Start(request, &queue);
      else
        under_way--;
    }
    std::sort(samples.begin(), samples.end());
    auto quantile = [&](double q) { return samples.empty() ? 0 : (long)samples[(size_t)(samples.size() * q)]; };
    printf("{\"callsPerSecond\":%ld,\"p50Us\":%ld,\"p99Us\":%ld,\"clientCpuSeconds\":%.3f,\"calls\":%zu,\"errors\":%ld}\n",
           (long)(samples.size() / (measure / 1000.0)), quantile(0.5), quantile(0.99), CpuSeconds() - cpu, samples.size(), errors);
    fflush(stdout);
  }

  // Looks for answers without waiting: a wait of the completion queue ends up to a millisecond late, and what is due meanwhile with it.
  void Open(double rate, int measure) {
    std::vector<std::unique_ptr<Call>> calls;
    std::vector<Call*> spare;
    size_t due = (size_t)(measure / 1000.0 * rate), issued = 0, ended = 0;
    std::vector<double> samples;
    samples.reserve(due);
    errors = 0;
    auto begin = Clock::now();
    void* tag;
    bool ok;
    while (ended < due) {
      auto next = begin + std::chrono::nanoseconds((long)(issued * 1e9 / rate));
      if (issued < due && next <= Clock::now()) {
        if (spare.empty()) {
          calls.push_back(std::make_unique<Call>());
          spare.push_back(calls.back().get());
        }
        Call* call = spare.back();
        spare.pop_back();
        call->stub = stubs[issued++ % stubs.size()].get();
        call->Start(request, &queue, next);
        continue;
      }
      if (queue.AsyncNext(&tag, &ok, gpr_inf_past(GPR_CLOCK_REALTIME)) == grpc::CompletionQueue::GOT_EVENT) {
        Call* call = Answered(tag);
        samples.push_back(Seconds(call->start, Clock::now()) * 1e6);
        ended++;
        spare.push_back(call);
      }
    }
    std::sort(samples.begin(), samples.end());
    printf("{\"calls\":%zu,\"errors\":%ld,\"samplesUs\":[", due, errors);
    for (size_t i = 0; i < samples.size(); i++) printf(i ? ",%ld" : "%ld", (long)samples[i]);
    puts("]}");
    fflush(stdout);
  }
};

int main(int argc, char** argv) {
  std::string port;
  int connections = 1, outstanding = 1, warmup = 700, measure = 1500;
  bool windows = false;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--port")) port = argv[i + 1];
    if (!strcmp(argv[i], "--connections")) connections = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--outstanding")) outstanding = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--windows")) windows = !strcmp(argv[i + 1], "on");
    if (!strcmp(argv[i], "--warmup")) warmup = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--measure")) measure = atoi(argv[i + 1]);
  }
  std::string payload;
  for (int i = 0; i < 10; i++) payload += "0123456789";
  Load load;
  load.request.set_message(payload);
  load.payload = payload.size();
  for (int i = 0; i < connections; i++) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    load.stubs.push_back(echo::EchoService::NewStub(
        grpc::CreateCustomChannel("127.0.0.1:" + port, grpc::InsecureChannelCredentials(), arguments)));
  }
  if (!windows) {
    load.Closed(outstanding, warmup, measure);
    _exit(0);
  }
  puts("ready");
  fflush(stdout);
  char kind[16];
  double figure;
  int milliseconds;
  while (scanf("%15s %lf %d", kind, &figure, &milliseconds) == 3) {
    if (!strcmp(kind, "closed"))
      load.Closed((int)figure, 0, milliseconds);
    else
      load.Open(figure, milliseconds);
  }
  _exit(0);
}
