// What a connection does when the kernel refuses to read a mapped file that has shrunk.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "buffer/file_mapping.h"
#include "io/owned_fd.h"
#include "io/socket_transport.h"
#include "tests/support/faulty_transport.h"
#include "transport/connection.h"
#include "weft/event_loop.h"

namespace weft::internal {
namespace {

constexpr std::size_t kSize = 100'000;

// Gives what the test has put there.
class PreparedCodec final : public Codec {
 public:
  absl::Status Recv(Slice) override { return absl::OkStatus(); }
  absl::Status RecvEof() override { return absl::OkStatus(); }
  absl::Status Pull(BufList& out, std::size_t) override {
    out.AppendAll(std::move(output));
    return absl::OkStatus();
  }
  bool wants_write() const override { return !output.empty(); }
  bool finished() const override { return false; }
  bool OutputLost(std::size_t from_end) override {
    lost = from_end;
    return repairs;
  }
  void Abort(const absl::Status&) override {}
  void Drain() override {}
  std::size_t open_streams() const override { return 1; }

  BufList output;
  bool repairs = false;
  std::size_t lost = 0;
};

class MappedConnectionTest : public ::testing::Test, public Connection::Owner {
 protected:
  MappedConnectionTest() {
    const OwnedFd listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listening.get(), raw, size), 0);
    EXPECT_EQ(::listen(listening.get(), 1), 0);
    EXPECT_EQ(::getsockname(listening.get(), raw, &size), 0);
    peer_ = OwnedFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(peer_.get(), raw, size), 0);
    OwnedFd ours(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    transport_ = std::make_unique<SocketTransport>(loop_.core(), std::move(ours), "peer");
    auto codec = std::make_unique<PreparedCodec>();
    codec_ = codec.get();
    std::ofstream(path_, std::ios::binary) << std::string(kSize, 'f');
    codec_->output.AppendRef(Slice::Static("head"));
    codec_->output.AppendRef(FileMapping::Open(path_).value().Region(0, kSize));
    codec_->output.AppendRef(Slice::Static("tail"));
    codec_owned_ = std::move(codec);
  }
  ~MappedConnectionTest() override { ::unlink(path_.c_str()); }

  void LoseFile() { EXPECT_EQ(::truncate(path_.c_str(), 0), 0); }
  // So many writes are refused, whatever is in them.
  void Run(std::size_t unreadable_writes = 0) {
    testing::FaultyTransport::Faults faults;
    faults.unreadable_writes = unreadable_writes;
    connection_ = std::make_unique<Connection>(
        loop_.core(),
        std::make_unique<testing::FaultyTransport>(loop_.core(), std::move(transport_), faults),
        ConnectionTimeouts(), *this);
    connection_->Start(std::move(codec_owned_));
    for (int i = 0; i < 50; ++i) loop_.RunOnce();
  }
  // What the peer gets; `end`: 0 for an end in order, or an errno, or EAGAIN.
  std::string Receive(int& end) {
    std::string received;
    char buffer[4096];
    while (true) {
      const ssize_t n = ::recv(peer_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (n > 0) {
        received.append(buffer, static_cast<std::size_t>(n));
        continue;
      }
      end = n == 0 ? 0 : errno;
      return received;
    }
  }

  EventLoop loop_;
  OwnedFd peer_;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<PreparedCodec> codec_owned_;
  PreparedCodec* codec_ = nullptr;
  std::unique_ptr<Connection> connection_;
  absl::Status closed_why_;
  const std::string path_ =
      ::testing::TempDir() + "/weft_mapped_connection_" + std::to_string(::getpid());

 private:
  void OnConnectionClosed(Connection&, const absl::Status& why) override {
    closed_why_ = why;
    connection_.reset();
  }
};

TEST_F(MappedConnectionTest, ZerosGoOutWhereTheCodecEndsTheStream) {
  codec_->repairs = true;
  LoseFile();
  Run();
  EXPECT_EQ(codec_->lost, kSize + 4);
  int end = 0;
  EXPECT_TRUE(Receive(end) == "head" + std::string(kSize, '\0') + "tail");
  EXPECT_EQ(end, EAGAIN);
  EXPECT_NE(connection_, nullptr);
}

TEST_F(MappedConnectionTest, WriteThatIsRefusedWithoutALossIsTriedAgain) {
  codec_->repairs = true;
  Run(/*unreadable_writes=*/1);
  EXPECT_EQ(codec_->lost, 0u);
  int end = 0;
  EXPECT_TRUE(Receive(end) == "head" + std::string(kSize, 'f') + "tail");
  EXPECT_EQ(end, EAGAIN);
  EXPECT_NE(connection_, nullptr);
}

TEST_F(MappedConnectionTest, ConnectionEndsWhenWritesAreRefusedForNoMappedPart) {
  codec_->repairs = true;
  Run(/*unreadable_writes=*/1000);
  EXPECT_EQ(connection_, nullptr);
  EXPECT_EQ(closed_why_.code(), absl::StatusCode::kUnavailable);
}

TEST_F(MappedConnectionTest, ConnectionIsResetWhereTheCodecCannotEndTheAnswer) {
  LoseFile();
  Run();
  EXPECT_EQ(connection_, nullptr);
  EXPECT_EQ(closed_why_.code(), absl::StatusCode::kUnavailable);
  int end = 0;
  EXPECT_EQ(Receive(end).find("tail"), std::string::npos);
  EXPECT_EQ(end, ECONNRESET);
}

}  // namespace
}  // namespace weft::internal
