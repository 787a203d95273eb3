#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/budget_count.h"
#include "buffer/chunk_pool.h"
#include "buffer/limits.h"
#include "tests/protocol/probe_service.h"
#include "tests/protocol/server_under_test.h"
#include "tests/support/uploader.h"
#include "weft/sleep.h"

namespace weft::testing {

// The head of a call that is held back, up to its reason.
inline constexpr std::string_view kRefused =
    ":status=200 content-type=application/grpc grpc-status=14 grpc-message=the server holds back";

// A server with a memory budget whose client streams are not read until the gate opens, and whose
// server streams write without an end.
class MemoryTest : public ::testing::Test {
 public:
  MemoryTest() {
    probe.unary = [](Probe&, ServerContext&, const TestRequest& request,
                     TestReply& reply) -> Task<absl::Status> {
      reply.set_text("re: " + request.text());
      reply.set_payload(std::string(static_cast<std::size_t>(request.size()), 'r'));
      co_return absl::OkStatus();
    };
    // Reads nothing until the gate opens.
    probe.client_stream = [](Probe& self, ServerContext&, ServerReader<TestRequest>& reader,
                             TestReply& reply) -> Task<absl::Status> {
      while (self.notes.empty()) {
        absl::Status slept = co_await Sleep(std::chrono::milliseconds(1));
        if (!slept.ok()) co_return slept;
      }
      TestRequest request;
      int count = 0;
      while (co_await reader.Read(request)) ++count;
      reply.set_count(count);
      co_return absl::OkStatus();
    };
    // Writes without an end.
    probe.server_stream = [](Probe&, ServerContext&, const TestRequest&,
                             ServerWriter<TestReply>& writer) -> Task<absl::Status> {
      TestReply reply;
      reply.set_payload(std::string(4 * internal::kKiB, 'x'));
      absl::Status written;
      while (written.ok()) written = co_await writer.Write(reply);
      co_return written;
    };
  }

  static ServerOptions Budget(std::size_t bytes) {
    return ServerOptions().set_memory_budget(bytes);
  }

  // A unary call of another client's that is answered as if nothing were the matter.
  static void ExpectServed(ServerUnderTest& server, WireClient& client, std::uint32_t id) {
    client.Send(Call(id, kUnary).Render() + Data(id, Ask("hi")).End().Render());
    const WireStream& stream = server.Finish(client, id);
    EXPECT_EQ(stream.trailers, "grpc-status=0") << stream.head;
    EXPECT_EQ(Texts(stream), std::vector<std::string>{"re: hi"});
  }
  static void ExpectRefused(ServerUnderTest& server, WireClient& client, std::uint32_t id) {
    client.Send(Call(id, kUnary).End());  // there may be no credit for a body
    const WireStream& stream = server.Finish(client, id);
    EXPECT_TRUE(stream.trailers_only());
    EXPECT_TRUE(stream.head.starts_with(kRefused)) << stream.head;
  }
  // Until the client has nothing to send or no credit for it.
  static void Exhaust(ServerUnderTest& server, Uploader& uploader) {
    do {
      server.Settle(uploader.client());
    } while (uploader.Pump() > 0);
    server.Settle(uploader.client());
  }
  static std::string Message(std::size_t size) {
    TestRequest request;
    request.set_payload(std::string(size, 'm'));
    return Envelope(request.SerializeAsString());
  }
  // Client streams that their handlers do not read, with `each` bytes for each of them.
  static void Stall(Uploader& uploader, std::uint32_t streams, std::size_t each) {
    for (std::uint32_t i = 0; i < streams; ++i) {
      uploader.client().Send(Call(2 * i + 1, kClientStream));
      std::string body;
      while (body.size() < each) body += Message(10'000);
      uploader.Add(2 * i + 1, body, /*end=*/true);
    }
  }
  // Stalls them until the server's marks stop the client, and then its next call is refused.
  static void StallUntilRefused(ServerUnderTest& server, Uploader& uploader, std::uint32_t streams,
                                std::size_t each) {
    Stall(uploader, streams, each);
    Exhaust(server, uploader);
    EXPECT_FALSE(uploader.done());
    EXPECT_NE(server.budget().level(), internal::BudgetCount::Level::kFree);
    ExpectRefused(server, uploader.client(), 2 * streams + 1);
  }
  // Stalls so many connections that together they hold 512 KiB, each about its least share.
  static std::vector<Uploader> Crowd(ServerUnderTest& server) {
    std::vector<Uploader> crowd;
    for (int i = 0; i < 12; ++i) {
      Stall(crowd.emplace_back(server.ConnectHttp2()), 4, 128 * internal::kKiB);
      server.Settle(crowd.back().client());
    }
    for (Uploader& uploader : crowd) Exhaust(server, uploader);
    return crowd;
  }
  // They all go on once the gate is open.
  static bool AllDone(ServerUnderTest& server, std::vector<Uploader>& crowd) {
    bool done = true;
    for (Uploader& uploader : crowd) {
      uploader.Pump();
      done = done && uploader.done();
    }
    server.Advance(std::chrono::milliseconds(1));
    return done && server.open_calls() == 0;
  }
  static std::size_t Holds(ServerUnderTest& server) {
    const internal::ChunkPool::Stats stats = server.shard().environment().chunks.stats();
    return stats.bytes_in_use + stats.bytes_charged;
  }
  // Makes it full, until it is destroyed.
  static internal::ChunkPool::Charge Fill(ServerUnderTest& server) {
    return server.shard().environment().chunks.ChargeFor(server.budget().limit());
  }

  // Lets the handlers of client streams read.
  void OpenGate() { probe.Note("open"); }

  Probe probe;
};

}  // namespace weft::testing
