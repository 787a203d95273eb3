#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "buffer/block_pool.h"
#include "buffer/buf_list.h"
#include "buffer/chunk_pool.h"
#include "http2/session.h"

// Both ends of an HTTP/2 connection, or one of them, without any I/O: what tests of http2/ stand
// on.
namespace weft::http2 {

inline std::string Flatten(const internal::BufList& list) {
  std::string bytes(list.size(), '\0');
  list.PeekFront(bytes.size(), bytes.data());
  return bytes;
}

// Counts what a codec asks of its connection.
struct RecordingHost final : internal::Codec::Host {
  void OutputReady() override { ++asked; }
  bool AwaitWriters() override { return lets_writers_run; }
  int asked = 0;
  bool lets_writers_run = false;
};

// Pools of one loop.
struct Pools {
  internal::ChunkPool chunks;
  internal::BlockPool blocks;
  StreamPool streams{chunks, blocks};
};

// One exchange as its application sees it. Everything is written down.
struct Exchange final : internal::HttpStreamEvents {
  void OnHead(internal::HttpHead& head, bool end) override {
    status = head.status;
    for (const auto& field : head.fields) Note(fields, field);
    if (end) ended = true;
  }
  void OnBody(internal::Slice slice) override {
    body += slice.view();
    if (stream != nullptr && return_credit) stream->ReturnCredit(slice.size());
    unreturned += return_credit ? 0 : slice.size();
  }
  void OnEnd(internal::HeaderList& list) override {
    for (const auto& field : list) Note(trailers, field);
    ended = true;
  }
  void OnDrained() override { ++drained; }
  void OnPriority(Priority priority) override {
    priorities += std::to_string(priority.urgency()) + ";";
  }
  void OnClosed(const internal::StreamClose& why) override {
    ++closes;
    close = why;
    stream = nullptr;
  }
  static void Note(std::string& to, const internal::HeaderField& field) {
    to.append(field.name).append("=").append(field.value).append(";");
  }

  internal::HttpStream* stream = nullptr;
  int status = 0;
  std::string method, path, scheme, authority, fields, body, trailers, priorities;
  bool ended = false;
  bool return_credit = true;
  std::size_t unreturned = 0;
  int drained = 0;
  int closes = 0;
  internal::StreamClose close;
};

// Accepts everything; the test answers by hand, or `on_request` does.
struct Acceptor final : internal::StreamAcceptor {
  internal::HttpStreamEvents* OnRequest(internal::HttpStream& stream, internal::HttpHead& head,
                                        bool end) override {
    exchanges.push_back(std::make_unique<Exchange>());
    Exchange& exchange = *exchanges.back();
    exchange.stream = &stream;
    exchange.method = head.method;
    exchange.path = head.path;
    exchange.scheme = head.scheme;
    exchange.authority = head.authority;
    for (const auto& field : head.fields) Exchange::Note(exchange.fields, field);
    exchange.ended = end;
    if (on_request) on_request(exchange);
    return &exchange;
  }
  Exchange& last() { return *exchanges.back(); }

  std::vector<std::unique_ptr<Exchange>> exchanges;
  void (*on_request)(Exchange&) = nullptr;
};

struct RecordingClientEvents final : ClientSessionEvents {
  void OnGoAway(std::uint32_t error, std::int32_t last, std::string_view debug) override {
    ++goaways;
    goaway_error = error;
    goaway_last = last;
    goaway_debug = debug;
  }
  void OnCapacity() override { ++capacity; }
  void OnSettings() override { ++settings; }
  void OnPing() override { ++pings; }
  void OnPingAck(std::uint64_t value) override { ping_ack = value; }

  int goaways = 0, capacity = 0, settings = 0, pings = 0;
  std::uint32_t goaway_error = 0;
  std::int32_t goaway_last = 0;
  std::string goaway_debug;
  std::uint64_t ping_ack = 0;
};

struct RecordingEvents final : SessionEvents {
  void OnPing() override { ++pings; }
  void OnPingAck(std::uint64_t value) override { ping_ack = value; }
  int pings = 0;
  std::uint64_t ping_ack = 0;
};

// Feeds `bytes` in pieces of `piece` bytes, each in a chunk of its own. The first error ends it.
inline absl::Status Feed(internal::Codec& codec, internal::ChunkPool& pool, std::string_view bytes,
                         std::size_t piece = std::string_view::npos) {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, piece);
    bytes.remove_prefix(part.size());
    internal::BufList list;
    list.Append(pool, part);
    for (std::size_t i = 0; i < list.slice_count(); ++i) {
      absl::Status status = codec.Recv(list.slice(i));
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

// A client session and a server session with a wire between them.
struct Pair {
  explicit Pair(const SessionOptions& server_options = SessionOptions(),
                const SessionOptions& client_options = SessionOptions())
      : server(server_options, pools.streams, server_host, acceptor, &server_events),
        client(client_options, pools.streams, client_host, client_events) {}

  // Moves bytes both ways until nobody has any; in one turn, up to `budget` per Pull and `piece`
  // per Recv.
  absl::Status Pump(std::size_t budget = std::size_t{64} * 1024,
                    std::size_t piece = std::string_view::npos) {
    while (true) {
      absl::Status status = Move(client, server, budget, piece, to_server);
      if (status.ok()) status = Move(server, client, budget, piece, to_client);
      if (!status.ok()) return status;
      if (!client.wants_write() && !server.wants_write()) return absl::OkStatus();
    }
  }

  absl::Status Move(Session& from, Session& to, std::size_t budget, std::size_t piece,
                    std::string& wire) {
    internal::BufList out;
    absl::Status status = from.Pull(out, budget);
    if (!status.ok()) return status;
    const std::string bytes = Flatten(out);
    wire += bytes;
    return Feed(to, pools.chunks, bytes, piece);
  }

  internal::HttpStream& Open(Exchange& exchange, std::string_view path = "/pkg.Service/Method",
                             std::optional<Priority> priority = std::nullopt) {
    internal::HttpStream& stream =
        client.OpenStream(exchange, RequestTarget("POST", "http", "test.local", path), priority);
    exchange.stream = &stream;
    return stream;
  }

  void Append(internal::HttpStream& stream, std::string_view bytes) {
    stream.outbound().Append(pools.chunks, bytes);
    stream.BodyAppended();
  }

  Pools pools;
  RecordingHost server_host, client_host;
  RecordingEvents server_events;
  RecordingClientEvents client_events;
  Acceptor acceptor;
  std::string to_server, to_client;  // all bytes that went by
  ServerSession server;
  ClientSession client;
};

}  // namespace weft::http2
