// Load on any server of echo.EchoService.Echo over SRPC, with as little of the processor as can be, so that the server is what is measured:
// one thread with epoll, one read and one write for each connection that has answers. Closed loop with `outstanding` calls under way on each of
// `connections`; each answer's sequence and message are checked. Prints what benchmarks/lib/closed-loop.ts prints.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 64, FRAME_MAX = 512, MESSAGE = 100, BODY = MESSAGE + 2, HEAD_LIMIT = 4096, SAMPLES = 1 << 20 };
static const char caller[] = "Bench.client", method[] = "echo.EchoService.Echo";

struct connection {
  int socket;
  uint64_t next;          // sequence of the next call, from 1
  uint64_t *waited_for;   // by sequence % outstanding: the sequence, 0 where answered
  double *started;        // beside it, in seconds
  unsigned char *in, *out;
  size_t have;
};

static int outstanding = 1, in_bytes;
static unsigned char body[BODY];

static void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static double now_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static double cpu_seconds(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static unsigned char *put_varint(unsigned char *to, uint64_t value) {
  for (; value > 127; value >>= 7) *to++ = value | 128;
  *to++ = value;
  return to;
}

static unsigned char *put_text(unsigned char *to, uint64_t tag, const char *text, size_t length) {
  to = put_varint(put_varint(to, tag), length);
  memcpy(to, text, length);
  return to + length;
}

static void put_length(unsigned char *to, uint32_t length) {
  length = htonl(length);
  memcpy(to, &length, 4);
}

static uint32_t length_at(const unsigned char *from) {
  uint32_t length;
  memcpy(&length, from, 4);
  return ntohl(length);
}

// A request as docs/reference/wire.md has it: '(', lengths of head and body, head {10 sequence, 50 caller, 51 method}, body {1 message}, ')'.
static unsigned char *put_request(unsigned char *to, uint64_t sequence) {
  unsigned char *head = to + 9;
  unsigned char *end = put_varint(put_varint(head, 10 << 3), sequence);
  end = put_text(end, 50 << 3 | 2, caller, sizeof caller - 1);
  end = put_text(end, 51 << 3 | 2, method, sizeof method - 1);
  to[0] = '(';
  put_length(to + 1, end - head);
  put_length(to + 5, BODY);
  memcpy(end, body, BODY);
  end[BODY] = ')';
  return end + BODY + 1;
}

static uint64_t take_varint(const unsigned char **from, const unsigned char *end) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (*from >= end) fail("an answer's head ends early");
    unsigned char byte = *(*from)++;
    value |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) return value;
  }
  fail("an answer's head has a varint of over ten bytes");
  return 0;
}

// The sequence of an answer; ends the program where its head has an error (40).
static uint64_t sequence_of(const unsigned char *from, const unsigned char *end) {
  uint64_t sequence = 0;
  while (from < end) {
    uint64_t tag = take_varint(&from, end);
    uint64_t value = (tag & 7) == 0 || (tag & 7) == 2 ? take_varint(&from, end) : 0;
    if ((tag & 7) == 2) from += value;
    if ((tag & 7) == 1) from += 8;
    if ((tag & 7) == 5) from += 4;
    if (tag >> 3 == 10) sequence = value;
    if (tag >> 3 == 40 && value != 0) fail("an answer is an error");
  }
  return sequence;
}

static void connect_to(struct connection *connection, int port) {
  int on = 1;
  connection->socket = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(connection->socket, (struct sockaddr *)&address, sizeof address) < 0) fail("cannot connect");
  connection->next = 1;
  connection->waited_for = calloc(outstanding, sizeof(uint64_t));
  connection->started = calloc(outstanding, sizeof(double));
  connection->in = malloc(in_bytes);
  connection->out = malloc((size_t)outstanding * FRAME_MAX);
}

static unsigned char *begin_call(struct connection *connection, unsigned char *to, double now) {
  uint64_t sequence = connection->next++;
  connection->waited_for[sequence % outstanding] = sequence;
  connection->started[sequence % outstanding] = now;
  return put_request(to, sequence);
}

static void send_all(struct connection *connection, const unsigned char *end) {
  for (const unsigned char *from = connection->out; from < end;) {
    ssize_t written = send(connection->socket, from, end - from, MSG_NOSIGNAL);
    if (written <= 0) fail("the server closed a connection");
    from += written;
  }
}

static int by_value(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  int port = 0, connections = 1, warmup = 700, measure = 1500;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--port")) port = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--connections")) connections = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--outstanding")) outstanding = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--warmup")) warmup = atoi(argv[i + 1]);
    if (!strcmp(argv[i], "--measure")) measure = atoi(argv[i + 1]);
  }
  in_bytes = HEAD_LIMIT + outstanding * FRAME_MAX;
  body[0] = 1 << 3 | 2;
  body[1] = MESSAGE;
  for (int i = 0; i < MESSAGE; i++) body[2 + i] = '0' + i % 10;
  int queue = epoll_create1(0);
  struct connection *all = calloc(connections, sizeof *all);
  for (int i = 0; i < connections; i++) {
    connect_to(&all[i], port);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
    epoll_ctl(queue, EPOLL_CTL_ADD, all[i].socket, &event);
    unsigned char *end = all[i].out;
    for (int call = 0; call < outstanding; call++) end = begin_call(&all[i], end, now_seconds());
    send_all(&all[i], end);
  }
  float *samples = malloc(SAMPLES * sizeof(float));
  double from = now_seconds() + warmup / 1000.0, until = from + measure / 1000.0, cpu = -1, now = 0;
  long calls = 0;
  struct epoll_event events[EVENTS];
  while (now < until) {
    int count = epoll_wait(queue, events, EVENTS, 5000);
    if (count <= 0) fail("no answer for five seconds");
    now = now_seconds();
    if (cpu < 0 && now >= from) cpu = cpu_seconds();
    for (int i = 0; i < count; i++) {
      struct connection *connection = events[i].data.ptr;
      ssize_t length = read(connection->socket, connection->in + connection->have, in_bytes - connection->have);
      if (length <= 0) fail("the server closed a connection");
      connection->have += length;
      unsigned char *at = connection->in, *end = connection->in + connection->have, *out = connection->out;
      while (end - at >= 10) {
        size_t head_length = length_at(at + 1), body_length = length_at(at + 5), whole = 10 + head_length + body_length;
        if (at[0] != '(' || head_length > HEAD_LIMIT || body_length != BODY) fail("an answer is no echo");
        if ((size_t)(end - at) < whole) break;
        uint64_t sequence = sequence_of(at + 9, at + 9 + head_length);
        int place = sequence % outstanding;
        if (sequence == 0 || connection->waited_for[place] != sequence) fail("an answer has a sequence that nobody waits for");
        if (memcmp(at + 9 + head_length, body, BODY) || at[whole - 1] != ')') fail("an answer is no echo");
        connection->waited_for[place] = 0;
        if (now >= from && now < until) samples[calls++ % SAMPLES] = (now - connection->started[place]) * 1e6;
        // The place of the answered call is that of the next one only where answers come in turn: calls whose place is taken wait.
        at += whole;
      }
      while (connection->waited_for[connection->next % outstanding] == 0 && out < connection->out + (size_t)outstanding * FRAME_MAX) {
        out = begin_call(connection, out, now);
      }
      connection->have = end - at;
      memmove(connection->in, at, connection->have);
      send_all(connection, out);
    }
  }
  long kept = calls < SAMPLES ? calls : SAMPLES;
  qsort(samples, kept, sizeof(float), by_value);
  printf("{\"callsPerSecond\":%ld,\"p50Us\":%ld,\"p99Us\":%ld,\"clientCpuSeconds\":%.3f,\"calls\":%ld,\"errors\":0}\n", (long)(calls / (measure / 1000.0)),
         kept ? (long)samples[kept / 2] : 0, kept ? (long)samples[kept * 99 / 100] : 0, cpu_seconds() - cpu, calls);
}
