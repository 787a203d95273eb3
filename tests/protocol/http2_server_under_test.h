#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "tests/support/frames.h"
#include "tests/support/http2_pair.h"

namespace weft::http2 {

// A server's session and a peer of hand-made frames. Input comes in pieces of `piece` bytes.
class Server {
 public:
  explicit Server(std::size_t piece, const SessionOptions& options = SessionOptions())
      : session(options, pools.streams, host, acceptor, &events), piece_(piece) {}

  absl::Status Send(const std::string& bytes) { return Feed(session, pools.chunks, bytes, piece_); }

  // The frames that the server has to send, a line each.
  std::string Take(std::size_t budget = std::size_t{1} << 20) {
    std::string lines;
    while (session.wants_write()) {
      internal::BufList out;
      const absl::Status status = session.Pull(out, budget);
      EXPECT_TRUE(status.ok()) << status;
      if (out.empty()) break;
      lines += reader_.Read(Flatten(out));
    }
    return lines;
  }

  // Past the preface and the settings of both.
  void Start() {
    ASSERT_TRUE(Send(testing::Preface() + testing::Settings({})).ok());
    Take();
    ASSERT_TRUE(Send(testing::SettingsAck()).ok());
    ASSERT_EQ(Take(), "");
  }

  void Append(internal::HttpStream& stream, std::string_view bytes) {
    stream.outbound().Append(pools.chunks, bytes);
    stream.BodyAppended();
  }

  // The reply to `exchange` as gRPC does it.
  void Reply(Exchange& exchange, std::string_view body) {
    internal::HttpStream& stream = *exchange.stream;
    stream.SendHead(200, false);
    Append(stream, body);
    stream.trailers_to_send().AddStatic("grpc-status", "0");
    stream.SendEnd();
  }

  Exchange& request(std::size_t index) { return *acceptor.exchanges.at(index); }

  Pools pools;
  RecordingHost host;
  RecordingEvents events;
  Acceptor acceptor;
  ServerSession session;

 private:
  const std::size_t piece_;
  testing::FrameReader reader_;
};

}  // namespace weft::http2
