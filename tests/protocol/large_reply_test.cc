// Large replies that are sent from where they lie, when something happens in the middle of them:
// the client cancels, reads slowly or goes; a mapped file shrinks. Over sockets: the kernel is a
// party to it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tests/protocol/probe_service.h"
#include "tests/protocol/server_under_test.h"
#include "weft/bytes.h"
#include "weft/mapped_file.h"
#include "weft/raw_service.h"

namespace weft::testing {
namespace {

constexpr std::size_t kUnlimited = static_cast<std::size_t>(-1);
constexpr std::size_t kSize = 16 << 20;  // more than the kernel's queues hold
constexpr std::uint32_t kCancel = 8;
constexpr std::string_view kBuffer = "/raw/Buffer";
constexpr std::string_view kFile = "/raw/File";
constexpr std::string_view kFileStream = "/raw/FileStream";
constexpr std::string_view kPing = "/raw/Ping";

class LargeReplyTest : public ::testing::Test {
 protected:
  LargeReplyTest() {
    ::setenv("WEFT_TEST_WIRE", "socket", 1);
    WriteFile(kSize);
    // Memory of the test's own, freed at once when it is let go: ASan sees a later touch.
    raw_.AddUnary(kBuffer,
                  [this](ServerContext&, const Bytes&, Bytes& reply) -> Task<absl::Status> {
                    char* const buffer = new char[kSize];
                    std::fill_n(buffer, kSize, 'b');
                    reply = Bytes::Of({buffer, kSize}, [this, buffer] {
                      delete[] buffer;
                      ++released_;
                    });
                    co_return absl::OkStatus();
                  });
    raw_.AddUnary(kFile, [this](ServerContext&, const Bytes&, Bytes& reply) -> Task<absl::Status> {
      const MappedFile file = *MappedFile::Open(path_);
      reply = *file.Region(0, file.size());
      co_return absl::OkStatus();
    });
    raw_.AddServerStream(kFileStream,
                         [this](ServerContext& context, const Bytes&,
                                ServerWriter<Bytes>& writer) -> Task<absl::Status> {
                           const MappedFile file = *MappedFile::Open(path_);
                           absl::Status written;
                           for (std::uint64_t at = 0; at < file.size() && written.ok();
                                at += 1 << 20) {
                             Bytes part = *file.Region(at, 1 << 20);
                             written = co_await writer.Write(std::move(part));
                           }
                           cancelled_ = context.cancelled();
                           co_return written;
                         });
    raw_.AddUnary(kPing, [](ServerContext&, const Bytes&, Bytes& reply) -> Task<absl::Status> {
      reply = Bytes::Static("pong");
      co_return absl::OkStatus();
    });
    probe_.unary = [](Probe&, ServerContext&, const TestRequest& request,
                      TestReply& reply) -> Task<absl::Status> {
      reply.set_payload(std::string(kSize, request.text().front()));
      co_return absl::OkStatus();
    };
    server_ = std::make_unique<ServerUnderTest>(kUnlimited, raw_, ServerOptions(), &probe_);
  }
  ~LargeReplyTest() override {
    server_.reset();
    ::unlink(path_.c_str());
  }

  void WriteFile(std::size_t size) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << std::string(size, 'f');
  }
  // With windows that let the server send as much as the kernel takes.
  WireClient& ConnectWide() {
    WireClient& client = server_->Connect();
    client.StartHttp2(Settings({{4, 0x7fffffff}}));
    client.Send(WindowUpdate(0, 0x7fffffff - 65535));
    client.returns_credit = false;
    return client;
  }
  static std::string Ask(std::uint32_t stream, std::string_view path) {
    return Call(stream, path).Render() + Data(stream, Envelope("")).End().Render();
  }
  static std::string AskFor(std::uint32_t stream, std::string_view letter) {
    return Call(stream, kUnary).Render() + Data(stream, testing::Ask(letter)).End().Render();
  }
  // What came of a reply of AskFor, whole or not.
  static bool ConsistsOf(const WireStream& stream, char letter) {
    constexpr std::size_t kHeads = 16;
    return stream.body.size() > kHeads &&
           stream.body.find_first_not_of(letter, kHeads) == std::string::npos;
  }
  // Starts a large reply and stops reading in the middle of it.
  void StartAndStall(WireClient& client, std::string_view path) {
    StartAndStallCall(client, Ask(1, path));
  }
  void StartAndStallCall(WireClient& client, const std::string& call) {
    client.Send(call);
    ASSERT_TRUE(server_->Until([&] { return client.stream(1).body.size() > 100'000; }));
    client.PauseReads(true);
    for (int i = 0; i < 50; ++i) server_->loop().RunOnce();  // all that the kernel takes
    ASSERT_LT(client.stream(1).body.size(), kSize);
  }
  void ExpectPong(WireClient& client, std::uint32_t id) {
    client.Send(Ask(id, kPing));
    const WireStream& stream = server_->Finish(client, id);
    EXPECT_EQ(stream.messages(), std::vector<std::string>{"pong"});
    EXPECT_EQ(stream.trailers, "grpc-status=0");
  }

  const std::string path_ =
      ::testing::TempDir() + "/weft_large_reply_" + std::to_string(::getpid());
  RawService raw_;
  Probe probe_;  // Unary: as many of the request's letter
  int released_ = 0;
  bool cancelled_ = false;
  std::unique_ptr<ServerUnderTest> server_;
};

TEST_F(LargeReplyTest, ArrivesWholeAndIsReleasedOnce) {
  WireClient& client = ConnectWide();
  client.Send(Ask(1, kBuffer));
  EXPECT_TRUE(server_->Finish(client, 1).messages() ==
              std::vector<std::string>{std::string(kSize, 'b')});
  ASSERT_TRUE(server_->Until([this] { return released_ == 1; }));
}

TEST_F(LargeReplyTest, CancellationInTheMiddleReleasesItOnceAndHarmsNoOther) {
  WireClient& client = ConnectWide();
  StartAndStall(client, kBuffer);
  EXPECT_EQ(released_, 0);
  client.Send(RstStream(1, kCancel));
  server_->loop().RunOnce();
  client.PauseReads(false);
  ExpectPong(client, 3);
  ASSERT_TRUE(server_->Until([this] { return released_ == 1; }));
  EXPECT_FALSE(client.stream(1).ended);
}

// Its message is sent from where it lies and goes back to its method's stash: not before.
TEST_F(LargeReplyTest, MessageOfACancelledReplyMayServeTheNext) {
  WireClient& client = ConnectWide();
  StartAndStallCall(client, AskFor(1, "a"));
  client.Send(RstStream(1, kCancel) + AskFor(3, "b"));
  client.PauseReads(false);
  const WireStream& next = server_->Finish(client, 3);
  EXPECT_EQ(next.trailers, "grpc-status=0");
  EXPECT_GT(next.body.size(), kSize);
  EXPECT_TRUE(ConsistsOf(next, 'b'));
  EXPECT_FALSE(client.stream(1).ended);
  EXPECT_TRUE(ConsistsOf(client.stream(1), 'a'));
}

TEST_F(LargeReplyTest, MessageOfAReplyThatIsBeingSentServesNoOther) {
  WireClient& slow = ConnectWide();
  StartAndStallCall(slow, AskFor(1, "a"));
  WireClient& quick = ConnectWide();
  for (std::uint32_t id = 1; id <= 5; id += 2) {
    quick.Send(AskFor(id, "b"));
    const WireStream& stream = server_->Finish(quick, id);
    EXPECT_GT(stream.body.size(), kSize);
    EXPECT_TRUE(ConsistsOf(stream, 'b'));
  }
  slow.PauseReads(false);
  const WireStream& stream = server_->Finish(slow, 1);
  EXPECT_EQ(stream.trailers, "grpc-status=0");
  EXPECT_GT(stream.body.size(), kSize);
  EXPECT_TRUE(ConsistsOf(stream, 'a'));
}

TEST_F(LargeReplyTest, ClientThatGoesInTheMiddleReleasesIt) {
  WireClient& client = ConnectWide();
  StartAndStall(client, kBuffer);
  client.Close();
  ASSERT_TRUE(server_->Until([this] { return released_ == 1; }));
  ExpectPong(ConnectWide(), 1);
}

TEST_F(LargeReplyTest, SlowReaderGetsAllOfIt) {
  WireClient& client = ConnectWide();
  StartAndStall(client, kFile);
  client.PauseReads(false);
  EXPECT_TRUE(server_->Finish(client, 1).messages() ==
              std::vector<std::string>{std::string(kSize, 'f')});
  EXPECT_EQ(client.stream(1).trailers, "grpc-status=0");
}

TEST_F(LargeReplyTest, MappedFileArrivesWholeInSmallWindowsToo) {
  WireClient& client = server_->ConnectHttp2();
  client.Send(Ask(1, kFileStream));
  const WireStream& stream = server_->Finish(client, 1);
  EXPECT_EQ(stream.trailers, "grpc-status=0");
  EXPECT_TRUE(stream.messages() == std::vector<std::string>(16, std::string(1 << 20, 'f')));
}

// What is in the output already when the file shrinks: the kernel refuses it.
TEST_F(LargeReplyTest, FileThatShrinksInTheMiddleResetsItsStreamAlone) {
  for (const std::size_t left : {std::size_t{0}, std::size_t{123'457}, kSize / 2 + 1}) {
    WriteFile(kSize);
    WireClient& client = ConnectWide();
    StartAndStall(client, kFile);
    ASSERT_EQ(::truncate(path_.c_str(), static_cast<off_t>(left)), 0);
    client.Send(Ask(3, kPing));
    client.PauseReads(false);
    const WireStream& stream = server_->Finish(client, 1);
    EXPECT_EQ(stream.reset, "INTERNAL_ERROR") << left;
    EXPECT_FALSE(stream.ended);
    EXPECT_EQ(stream.trailers, "");
    EXPECT_EQ(server_->Finish(client, 3).trailers, "grpc-status=0");
    ExpectPong(client, 5);
  }
  EXPECT_EQ(server_->open_calls(), 0u);
}

// What has not been pulled when the file shrinks.
TEST_F(LargeReplyTest, FileThatShrinksBehindTheWindowResetsItsStreamAlone) {
  WireClient& client = server_->ConnectHttp2();
  client.returns_credit = false;
  client.Send(Ask(1, kFileStream));
  ASSERT_TRUE(server_->Until([&] { return client.stream(1).body.size() == 65'535; }));
  ASSERT_EQ(::truncate(path_.c_str(), 0), 0);
  client.returns_credit = true;
  client.Send(WindowUpdate(0, 1 << 20) + WindowUpdate(1, 1 << 20));
  EXPECT_EQ(server_->Finish(client, 1).reset, "INTERNAL_ERROR");
  ExpectPong(client, 3);
  ASSERT_TRUE(server_->Until([this] { return server_->open_calls() == 0; }));
  EXPECT_TRUE(cancelled_);
}

// The rest of the last page reads as zeros, for the kernel too.
TEST_F(LargeReplyTest, FileThatLosesLessThanAPageDoesNotPassForWhole) {
  WriteFile(100'000);
  WireClient& client = server_->ConnectHttp2();
  client.returns_credit = false;
  client.Send(Ask(1, kFile));
  ASSERT_TRUE(server_->Until([&] { return client.stream(1).body.size() == 65'535; }));
  ASSERT_EQ(::truncate(path_.c_str(), 99'990), 0);
  client.Send(WindowUpdate(0, 1 << 20) + WindowUpdate(1, 1 << 20));
  const WireStream& stream = server_->Finish(client, 1);
  EXPECT_EQ(stream.reset, "INTERNAL_ERROR");
  EXPECT_FALSE(stream.ended);
}

TEST_F(LargeReplyTest, ManyCallsThroughOneShrinkingFileEndEachOnItsOwn) {
  WireClient& client = ConnectWide();
  for (std::uint32_t id = 1; id < 20; id += 2) client.Send(Ask(id, kFile));
  ASSERT_TRUE(server_->Until([&] { return client.stream(1).body.size() > 100'000; }));
  client.PauseReads(true);
  for (int i = 0; i < 50; ++i) server_->loop().RunOnce();
  ASSERT_EQ(::truncate(path_.c_str(), 0), 0);
  client.PauseReads(false);
  for (std::uint32_t id = 1; id < 20; id += 2) {
    EXPECT_EQ(server_->Finish(client, id).reset, "INTERNAL_ERROR") << id;
  }
  ExpectPong(client, 21);
}

}  // namespace
}  // namespace weft::testing
