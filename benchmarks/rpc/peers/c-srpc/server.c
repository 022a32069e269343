// The ceiling of the machine in any language: one thread that waits with epoll, reads once, and writes what it read, which answers an SRPC
// echo, as request and response have the same bytes. No head is looked at, no message decoded, nothing counted.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 64, READ_BYTES = 65536 };

static void fail(const char *what) {
  perror(what);
  exit(1);
}

// Answers of 64 KiB fit a socket's buffer on loopback unless nobody reads them: then this waits, as it serves one load client only.
static int write_whole(int socket, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = send(socket, bytes, length, MSG_NOSIGNAL);
    if (written < 0 && errno == EAGAIN) continue;
    if (written <= 0) return 0;
    bytes += written;
    length -= written;
  }
  return 1;
}

int main(int argc, char **argv) {
  int port = 0, on = 1;
  for (int i = 1; i + 1 < argc; i += 2)
    if (!strcmp(argv[i], "--port")) port = atoi(argv[i + 1]);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0) fail("bind");
  if (listen(listener, 1024) < 0) fail("listen");
  int queue = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[EVENTS];
  epoll_ctl(queue, EPOLL_CTL_ADD, listener, &event);
  puts("ready");
  fflush(stdout);
  static char bytes[READ_BYTES];
  for (;;) {
    int count = epoll_wait(queue, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      int socket = events[i].data.fd;
      if (socket == listener) {
        event.data.fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (event.data.fd < 0) continue;
        setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_ctl(queue, EPOLL_CTL_ADD, event.data.fd, &event);
        continue;
      }
      ssize_t length = read(socket, bytes, READ_BYTES);
      if (length < 0 && errno == EAGAIN) continue;
      if (length <= 0 || !write_whole(socket, bytes, length)) close(socket);
    }
  }
}
