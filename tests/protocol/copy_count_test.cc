// How many bytes of large messages a server copies in user space. It serves on a loop of the
// test's, whose chunk pool counts what is written into chunks; what protobuf copies into messages
// and what handlers copy is theirs.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "buffer/buf_list.h"
#include "buffer/chunk_pool.h"
#include "io/loop_core.h"
#include "tests/support/test_service.h"
#include "weft/bytes.h"
#include "weft/channel.h"
#include "weft/event_loop.h"
#include "weft/mapped_file.h"
#include "weft/raw_service.h"
#include "weft/raw_stub.h"
#include "weft/server.h"

namespace weft::testing {
namespace {

constexpr std::size_t kBody = 1 << 20;
constexpr std::uint64_t kCalls = 20;
constexpr std::uint64_t kMostPerReply = 4096;

class LargeReplies final : public TestService::Service {
 public:
  // A field that was moved in.
  Task<absl::Status> Unary(ServerContext&, const TestRequest&, TestReply& reply) override {
    std::string body(kBody, 'm');
    reply.set_payload(std::move(body));
    co_return absl::OkStatus();
  }
  Task<absl::Status> ServerStream(ServerContext&, const TestRequest&,
                                  ServerWriter<TestReply>& writer) override {
    absl::Status written;
    for (std::uint64_t i = 0; i < kCalls && written.ok(); ++i) {
      TestReply reply;
      reply.set_payload(std::string(kBody, 's'));
      written = co_await writer.Write(std::move(reply));
    }
    co_return written;
  }
};

class CopyCountTest : public ::testing::Test {
 protected:
  CopyCountTest() {
    path_ = ::testing::TempDir() + "/weft_copy_count_" + std::to_string(::getpid());
    std::ofstream(path_, std::ios::binary) << std::string(kBody, 'f');
    file_ = std::make_unique<MappedFile>(*MappedFile::Open(path_));
    held_ = Bytes(std::string(kBody, 'h'));
    raw_.AddUnary("/raw/Held",
                  [this](ServerContext&, const Bytes&, Bytes& reply) -> Task<absl::Status> {
                    reply = held_;
                    co_return absl::OkStatus();
                  });
    raw_.AddUnary("/raw/File",
                  [this](ServerContext&, const Bytes&, Bytes& reply) -> Task<absl::Status> {
                    reply = *file_->Region(0, kBody);
                    co_return absl::OkStatus();
                  });
    raw_.AddUnary("/raw/Echo",
                  [](ServerContext&, const Bytes& request, Bytes& reply) -> Task<absl::Status> {
                    reply = request;
                    co_return absl::OkStatus();
                  });
    server_.Register(raw_);
    server_.Register(typed_);
    EXPECT_TRUE(server_.Listen("127.0.0.1:0").ok());
    EXPECT_TRUE(server_.Start().ok());
    thread_ = std::thread([this] { loop_.Run(); });
    channel_ = std::make_unique<Channel>("127.0.0.1:" + std::to_string(server_.port()));
  }
  ~CopyCountTest() override {
    channel_.reset();
    EXPECT_TRUE(server_.Shutdown(std::chrono::seconds(10)).ok());
    loop_.Stop();
    thread_.join();
    ::unlink(path_.c_str());
  }

  std::uint64_t Written() { return loop_.core().chunks().stats().bytes_written; }
  // What `call` makes the server write into chunks.
  template <typename Call>
  std::uint64_t Cost(Call call) {
    call();  // connects
    const std::uint64_t before = Written();
    call();
    return Written() - before;
  }
  std::uint64_t CostOfRaw(std::string_view path, const Bytes& request) {
    return Cost([&] {
      for (std::uint64_t i = 0; i < kCalls; ++i) {
        const absl::StatusOr<Bytes> reply = RawStub(*channel_).Unary(path, request).Wait();
        ASSERT_TRUE(reply.ok()) << reply.status();
        ASSERT_EQ(reply->size(), kBody);
      }
    });
  }

  std::string path_;
  std::unique_ptr<MappedFile> file_;
  Bytes held_;
  RawService raw_;
  LargeReplies typed_;
  EventLoop loop_;
  Server server_{ServerOptions().add_loop(loop_)};
  std::thread thread_;
  std::unique_ptr<Channel> channel_;
};

TEST_F(CopyCountTest, TheCounterSeesACopy) {
  internal::ChunkPool pool;
  internal::BufList list;
  list.Append(pool, std::string(100'000, 'x'));
  EXPECT_EQ(pool.stats().bytes_written, 100'000u);
}

TEST_F(CopyCountTest, FieldThatWasMovedInIsNotCopied) {
  const std::uint64_t cost = Cost([this] {
    for (std::uint64_t i = 0; i < kCalls; ++i) {
      const absl::StatusOr<TestReply> reply =
          TestService::Stub(*channel_).Unary(TestRequest()).Wait();
      ASSERT_TRUE(reply.ok()) << reply.status();
      ASSERT_EQ(reply->payload().size(), kBody);
    }
  });
  EXPECT_LE(cost, kCalls * kMostPerReply);
  EXPECT_GT(cost, 0u);
}

TEST_F(CopyCountTest, MovedMessagesOfAStreamAreNotCopied) {
  const std::uint64_t cost = Cost([this] {
    ClientReader<TestReply> reader = TestService::Stub(*channel_).ServerStream(TestRequest());
    TestReply reply;
    std::uint64_t count = 0;
    while (reader.Read(reply).Wait()) ++count;
    ASSERT_EQ(count, kCalls);
    ASSERT_TRUE(reader.Finish().Wait().ok());
  });
  EXPECT_LE(cost, kCalls * kMostPerReply);
}

TEST_F(CopyCountTest, RawReplyIsNotCopied) {
  EXPECT_LE(CostOfRaw("/raw/Held", Bytes()), kCalls * kMostPerReply);
}

TEST_F(CopyCountTest, MappedReplyIsNotCopied) {
  EXPECT_LE(CostOfRaw("/raw/File", Bytes()), kCalls * kMostPerReply);
}

// Of what comes in, only parts that would pin a chunk many times their size are copied.
TEST_F(CopyCountTest, LittleOfARawEchoIsCopied) {
  EXPECT_LE(CostOfRaw("/raw/Echo", Bytes(std::string(kBody, 'e'))), kCalls * kBody / 8);
}

}  // namespace
}  // namespace weft::testing
