// The floor of the comparison: libevent and nghttp2 with nothing on top. nghttp2_floor PORT.
// It answers every POST with the request's body, a gRPC head and `grpc-status: 0`; the path of
// bench.Echo/ServerStream gets 10,000 copies, packed into full DATA frames, that of
// bench.Store/Fetch what it holds already. It decodes no protobuf beyond the number that tells
// which, routes nothing and sets no deadlines: what a plain use of these two libraries costs, not a
// server that anyone could use. Frames are copied into one buffer, as their tutorials do: what a
// server that holds its replies already can save of that is not in this floor.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  kReadSize = 256 * 1024,
  kOutputMark = 256 * 1024,
  kOutputKept = 64 * 1024,
  kStreamCopies = 10000,
  kEnvelopeHead = 5,
};

static const char kStreamPath[] = "/bench.Echo/ServerStream";
static const char kFetchPath[] = "/bench.Store/Fetch";

typedef struct {
  int fd;
  nghttp2_session* session;
  struct event *readable, *writable;
  uint8_t* out;
  size_t out_size, out_sent, out_capacity;
} Connection;

typedef struct {
  uint8_t* body;
  size_t size, capacity;
  const uint8_t* reply;
  size_t reply_size, sent;
  int copies_left;
  int fetches;
} Stream;

// Replies with a body of `id` bytes, as they are sent.
static struct {
  size_t id;
  uint8_t* reply;
  size_t size;
} held[] = {{.id = 16 << 10}, {.id = 64 << 10}, {.id = 1 << 20}};

static struct event_base* base;
static nghttp2_session_callbacks* callbacks;
static uint8_t input[kReadSize];

#define FIELD(name, value)                                               \
  {(uint8_t*)name, (uint8_t*)value, sizeof(name) - 1, sizeof(value) - 1, \
   NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE}

static ssize_t read_body(nghttp2_session* session, int32_t id, uint8_t* to, size_t room,
                         uint32_t* flags, nghttp2_data_source* source, void* unused) {
  (void)unused;
  Stream* stream = source->ptr;
  size_t filled = 0;
  for (;;) {
    size_t left = stream->reply_size - stream->sent;
    size_t n = left < room - filled ? left : room - filled;
    memcpy(to + filled, stream->reply + stream->sent, n);
    stream->sent += n;
    filled += n;
    if (stream->sent < stream->reply_size || stream->copies_left == 0) break;
    stream->copies_left--;
    stream->sent = 0;
  }
  if (stream->sent == stream->reply_size && stream->copies_left == 0) {
    nghttp2_nv trailer = FIELD("grpc-status", "0");
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    nghttp2_submit_trailer(session, id, &trailer, 1);
  }
  return (ssize_t)filled;
}

static void fill_held(void) {
  for (size_t i = 0; i < sizeof held / sizeof *held; ++i) {
    uint8_t* reply = malloc(held[i].id + 16);
    uint8_t* to = reply + kEnvelopeHead;
    *to++ = 0x0a;  // field 1, with a length
    size_t left = held[i].id;
    for (; left > 127; left >>= 7) *to++ = (uint8_t)(left | 0x80);
    *to++ = (uint8_t)left;
    memset(to, 'w', held[i].id);
    size_t message = (size_t)(to - reply) - kEnvelopeHead + held[i].id;
    reply[0] = 0;
    uint32_t length = htonl((uint32_t)message);
    memcpy(reply + 1, &length, sizeof length);
    held[i].reply = reply;
    held[i].size = kEnvelopeHead + message;
  }
}

// The request is a message with an `id` and nothing else. An empty reply if there is none.
static void reply_with_held(Stream* stream) {
  size_t id = 0;
  int shift = 0;
  for (size_t i = kEnvelopeHead + 1; i < stream->size && shift < 32; ++i, shift += 7) {
    id |= (size_t)(stream->body[i] & 0x7f) << shift;
  }
  for (size_t i = 0; i < sizeof held / sizeof *held; ++i) {
    if (held[i].id != id) continue;
    stream->reply = held[i].reply;
    stream->reply_size = held[i].size;
  }
}

static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* unused) {
  (void)unused;
  nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, calloc(1, sizeof(Stream)));
  return 0;
}

static int on_header(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                     nghttp2_rcbuf* value, uint8_t flags, void* unused) {
  (void)flags;
  (void)unused;
  nghttp2_vec n = nghttp2_rcbuf_get_buf(name), v = nghttp2_rcbuf_get_buf(value);
  if (n.len != 5 || memcmp(n.base, ":path", 5)) return 0;
  Stream* stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
  if (!stream) return 0;
  if (v.len == sizeof(kStreamPath) - 1 && !memcmp(v.base, kStreamPath, v.len)) {
    stream->copies_left = kStreamCopies - 1;
  }
  stream->fetches = v.len == sizeof(kFetchPath) - 1 && !memcmp(v.base, kFetchPath, v.len);
  return 0;
}

static int on_data(nghttp2_session* session, uint8_t flags, int32_t id, const uint8_t* data,
                   size_t size, void* unused) {
  (void)flags;
  (void)unused;
  Stream* stream = nghttp2_session_get_stream_user_data(session, id);
  if (stream->size + size > stream->capacity) {
    stream->capacity = (stream->size + size) * 2;
    if (stream->capacity < 64) stream->capacity = 64;
    stream->body = realloc(stream->body, stream->capacity);
  }
  memcpy(stream->body + stream->size, data, size);
  stream->size += size;
  return 0;
}

static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* unused) {
  (void)unused;
  if (frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) return 0;
  if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) return 0;
  Stream* stream = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
  if (!stream) return 0;
  if (stream->fetches) {
    reply_with_held(stream);
  } else {
    stream->reply = stream->body;
    stream->reply_size = stream->size;
  }
  nghttp2_nv head[] = {FIELD(":status", "200"), FIELD("content-type", "application/grpc")};
  nghttp2_data_provider body = {{.ptr = stream}, read_body};
  nghttp2_submit_response(session, frame->hd.stream_id, head, 2, &body);
  return 0;
}

static int on_close(nghttp2_session* session, int32_t id, uint32_t error, void* unused) {
  (void)error;
  (void)unused;
  Stream* stream = nghttp2_session_get_stream_user_data(session, id);
  if (stream) {
    free(stream->body);
    free(stream);
  }
  return 0;
}

static void drop(Connection* c) {
  nghttp2_session_del(c->session);
  event_free(c->readable);
  event_free(c->writable);
  close(c->fd);
  free(c->out);
  free(c);
}

// Returns -1 when the connection is over.
static int flush(Connection* c) {
  for (;;) {
    while (c->out_size - c->out_sent < kOutputMark) {
      const uint8_t* frame;
      ssize_t n = nghttp2_session_mem_send(c->session, &frame);
      if (n < 0) return -1;
      if (n == 0) break;
      if (c->out_size + (size_t)n > c->out_capacity) {
        c->out_capacity = (c->out_size + (size_t)n) * 2;
        c->out = realloc(c->out, c->out_capacity);
      }
      memcpy(c->out + c->out_size, frame, (size_t)n);
      c->out_size += (size_t)n;
    }
    if (c->out_size == c->out_sent) {
      c->out_size = c->out_sent = 0;
      if (c->out_capacity > kOutputKept) {
        free(c->out);
        c->out = NULL;
        c->out_capacity = 0;
      }
      break;
    }
    ssize_t n = send(c->fd, c->out + c->out_sent, c->out_size - c->out_sent, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN) return -1;
      event_add(c->writable, NULL);
      return 0;
    }
    c->out_sent += (size_t)n;
    if (c->out_sent == c->out_size) c->out_size = c->out_sent = 0;
  }
  return nghttp2_session_want_read(c->session) || nghttp2_session_want_write(c->session) ? 0 : -1;
}

static void on_writable(evutil_socket_t fd, short what, void* c) {
  (void)fd;
  (void)what;
  if (flush(c)) drop(c);
}

static void on_readable(evutil_socket_t fd, short what, void* opaque) {
  (void)what;
  Connection* c = opaque;
  ssize_t n = recv(fd, input, sizeof input, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0 || nghttp2_session_mem_recv(c->session, input, (size_t)n) < 0 || flush(c)) drop(c);
}

static void on_accept(evutil_socket_t listener, short what, void* unused) {
  (void)what;
  (void)unused;
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), one = 1;
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    Connection* c = calloc(1, sizeof *c);
    c->fd = fd;
    nghttp2_session_server_new(&c->session, callbacks, c);
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1000},
                                         {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 4 << 20}};
    nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, settings, 2);
    nghttp2_session_set_local_window_size(c->session, NGHTTP2_FLAG_NONE, 0, 16 << 20);
    c->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, c);
    c->writable = event_new(base, fd, EV_WRITE, on_writable, c);
    event_add(c->readable, NULL);
    if (flush(c)) drop(c);
  }
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fputs("usage: nghttp2_floor PORT\n", stderr);
    return 2;
  }
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)atoi(argv[1])),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (void*)&address, sizeof address) || listen(listener, 4096)) {
    perror("bind");
    return 1;
  }
  fill_held();
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
  base = event_base_new();
  event_add(event_new(base, listener, EV_READ | EV_PERSIST, on_accept, NULL), NULL);
  return event_base_dispatch(base);
}
