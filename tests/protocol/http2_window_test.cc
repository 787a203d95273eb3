#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/frames.h"
#include "tests/support/http2_pair.h"
#include "tests/support/manual_clock.h"

// The receive windows of a session: what is said on the wire, and that bytes flow as fast as the
// path carries them.
namespace weft::http2 {
namespace {

using std::chrono::milliseconds;

constexpr Duration kOneWay = milliseconds(10);

// Two sessions with a path between them that takes so many bytes each way in a round trip.
class Path {
 public:
  explicit Path(std::size_t bytes, SessionOptions options = SessionOptions()) : bytes_(bytes) {
    options.clock = &clock_;
    pair_ = std::make_unique<Pair>(options, options);
    RoundTrip();
    RoundTrip();
    client_said_.clear();
    server_said_.clear();
  }

  void RoundTrip() {
    client_said_ += Go(pair_->client, pair_->server, client_frames_);
    server_said_ += Go(pair_->server, pair_->client, server_frames_);
  }

  // A call whose request has come.
  internal::HttpStream& Open(Exchange& exchange) {
    internal::HttpStream& stream = pair_->Open(exchange);
    stream.SendHead(0, false);
    RoundTrip();
    return stream;
  }

  // Keeps `bytes` waiting in `stream`, for so many round trips.
  void Fill(internal::HttpStream& stream, std::size_t bytes, int round_trips) {
    const std::string block(bytes, 'x');
    for (int i = 0; i < round_trips; ++i) {
      if (stream.outbound().size() < bytes) pair_->Append(stream, block);
      RoundTrip();
    }
  }

  // The frames that have gone one way, a line each.
  const std::string& client_said() const { return client_said_; }
  const std::string& server_said() const { return server_said_; }

  Pair& pair() { return *pair_; }

 private:
  std::string Go(Session& from, Session& to, testing::FrameReader& reader) {
    internal::BufList out;
    EXPECT_TRUE(from.Pull(out, bytes_).ok());
    const std::string bytes = Flatten(out);
    clock_.Advance(kOneWay);
    EXPECT_TRUE(Feed(to, pair_->pools.chunks, bytes).ok());
    return reader.Read(bytes);
  }

  const std::size_t bytes_;
  testing::ManualClock clock_;
  std::unique_ptr<Pair> pair_;
  testing::FrameReader client_frames_;
  testing::FrameReader server_frames_;
  std::string client_said_;
  std::string server_said_;
};

int Count(std::string_view text, std::string_view what) {
  int count = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
    ++count;
  return count;
}

// The last value of the stream window that was announced.
std::size_t Announced(std::string_view frames) {
  const std::size_t at = frames.rfind("SETTINGS 4=");
  return at == std::string_view::npos ? 0 : std::stoul(std::string(frames.substr(at + 11)));
}

TEST(Http2WindowTest, SmallCallsPayNothing) {
  Path path(1 << 20);
  for (int i = 0; i < 300; ++i) {
    Exchange call;
    internal::HttpStream& stream = path.Open(call);
    path.pair().Append(stream, std::string(1000, 'q'));
    stream.SendEnd();
    path.RoundTrip();
    internal::HttpStream& answer = *path.pair().acceptor.last().stream;
    answer.SendHead(200, false);
    path.pair().Append(answer, std::string(4000, 'a'));
    answer.SendEnd();
    path.RoundTrip();
    ASSERT_EQ(call.closes, 1);
  }
  for (const std::string& frames : {path.client_said(), path.server_said()}) {
    EXPECT_EQ(frames.find("PING"), std::string::npos);
    EXPECT_EQ(frames.find("SETTINGS"), std::string::npos);
  }
}

TEST(Http2WindowTest, DownloadFillsALongPath) {
  constexpr std::size_t kPath = 500'000;
  Exchange call;
  Path path(kPath);
  path.Open(call);
  internal::HttpStream& answer = *path.pair().acceptor.last().stream;
  answer.SendHead(200, false);
  path.Fill(answer, 2 * kPath, 30);
  const std::size_t before = call.body.size();
  path.Fill(answer, 2 * kPath, 20);
  EXPECT_GE(call.body.size() - before, 20 * kPath * 98 / 100);
  EXPECT_GE(Announced(path.client_said()), kPath);
  EXPECT_LE(Announced(path.client_said()), 4 * kPath);
  EXPECT_EQ(Count(path.server_said(), "PING "), Count(path.server_said(), "PING ACK "))
      << "only who receives measures";
}

TEST(Http2WindowTest, UploadFillsALongPathAndMoreStreamsShareIt) {
  constexpr std::size_t kPath = 500'000;
  Exchange first, second;
  Path path(kPath);
  internal::HttpStream& upload = path.Open(first);
  path.Fill(upload, 2 * kPath, 30);
  Exchange& received = *path.pair().acceptor.exchanges[0];
  std::size_t before = received.body.size();
  path.Fill(upload, 2 * kPath, 20);
  EXPECT_GE(received.body.size() - before, 20 * kPath * 98 / 100);
  // One that is new begins with the windows as they are now.
  before = path.pair().acceptor.exchanges.size();
  internal::HttpStream& next = path.Open(second);
  upload.Reset(internal::StreamError::kCancel);
  path.pair().Append(next, std::string(kPath, 'x'));
  path.RoundTrip();
  path.RoundTrip();
  EXPECT_GE(path.pair().acceptor.exchanges[before]->body.size(), kPath * 9 / 10);
}

TEST(Http2WindowTest, ReaderThatTakesNothingGetsOneWindow) {
  Exchange call;
  Path path(1 << 20);
  path.pair().acceptor.on_request = [](Exchange& exchange) { exchange.return_credit = false; };
  internal::HttpStream& upload = path.Open(call);
  path.Fill(upload, 1 << 20, 100);
  EXPECT_EQ(path.pair().acceptor.last().body.size(), 65'535u);
  EXPECT_EQ(Announced(path.server_said()), 0u);
}

TEST(Http2WindowTest, StalledStreamDoesNotLetAnotherGrowTheWindows) {
  Exchange call, other;
  Path path(1 << 20);
  path.pair().acceptor.on_request = [](Exchange& exchange) { exchange.return_credit = false; };
  internal::HttpStream& upload = path.Open(call);
  internal::HttpStream& slow = path.Open(other);
  path.pair().Append(upload, std::string(1 << 20, 'x'));
  for (int i = 0; i < 100; ++i) {
    path.Fill(slow, 1 << 20, 1);
    Exchange& reader = *path.pair().acceptor.exchanges[1];
    const std::size_t some = std::min<std::size_t>(reader.unreturned, 1000);
    reader.unreturned -= some;
    if (some > 0) reader.stream->ReturnCredit(some);
  }
  EXPECT_EQ(Announced(path.server_said()), 0u);
}

TEST(Http2WindowTest, EveryPingFollowsDataThatCameBehindTheLastAnswer) {
  Exchange call;
  Path path(300'000);
  path.Open(call);
  internal::HttpStream& answer = *path.pair().acceptor.last().stream;
  answer.SendHead(200, false);
  path.Fill(answer, 600'000, 100);
  const std::string& lines = path.server_said();
  bool since = true;
  int answers = 0;
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = lines.find('\n', at) + 1;
    const std::string_view line = std::string_view(lines).substr(at, end - at);
    if (line.starts_with("DATA")) since = true;
    if (line.starts_with("PING ACK")) {
      EXPECT_TRUE(since);
      since = false;
      ++answers;
    }
    at = end;
  }
  EXPECT_GE(answers, 4);
  EXPECT_LE(answers, 40);
  EXPECT_EQ(Count(lines, "GOAWAY"), 0);
}

TEST(Http2WindowTest, HeldCreditStopsTheGrowth) {
  Exchange call;
  Path path(1 << 20);
  internal::HttpStream& upload = path.Open(call);
  path.Fill(upload, 1 << 20, 1);
  path.pair().server.HoldCredit(true);
  path.Fill(upload, 1 << 20, 20);
  EXPECT_EQ(Announced(path.server_said()), 0u);
  path.pair().server.HoldCredit(false);
  path.Fill(upload, 1 << 20, 20);
  EXPECT_GT(Announced(path.server_said()), 65'535u);
}

TEST(Http2WindowTest, CreditIsLentUpToItsBoundWhileTheRestIsHeld) {
  Exchange call;
  Path path(1 << 20);
  internal::HttpStream& upload = path.Open(call);
  path.pair().server.HoldCredit(true);
  path.Fill(upload, 1 << 20, 20);
  const Exchange& received = *path.pair().acceptor.exchanges[0];
  EXPECT_EQ(received.body.size(), 65'535u);
  for (std::size_t lent = internal::kLentCredit; lent <= 3 * internal::kLentCredit;
       lent += internal::kLentCredit) {
    EXPECT_TRUE(path.pair().server.LendCredit());
    path.Fill(upload, 1 << 20, 20);
    // The library says nothing of credit for less than half a window.
    EXPECT_LE(received.body.size(), 65'535u + lent);
    EXPECT_GE(received.body.size(), 32'768u + lent);
  }
  path.pair().server.LendCredit();
  path.pair().server.HoldCredit(true);
  const std::size_t before = received.body.size();
  path.Fill(upload, 1 << 20, 20);
  EXPECT_LE(received.body.size(), before + 65'535u) << "what was lent counts no more";
}

TEST(Http2WindowTest, OfALargeWindowHalfIsLent) {
  SessionOptions options;
  options.windows.stream = options.windows.connection = 4 << 20;
  Exchange call;
  Path path(1 << 20, options);
  internal::HttpStream& upload = path.Open(call);
  path.pair().server.HoldCredit(true);
  EXPECT_FALSE(path.pair().server.LendCredit()) << "nothing has come";
  path.Fill(upload, 1 << 20, 1);
  EXPECT_FALSE(path.pair().server.LendCredit()) << "it may still send";
  path.Fill(upload, 1 << 20, 20);
  const Exchange& received = *path.pair().acceptor.exchanges[0];
  const std::size_t stopped_at = received.body.size();
  EXPECT_GE(stopped_at, std::size_t{4} << 20);
  EXPECT_TRUE(path.pair().server.LendCredit());
  path.Fill(upload, 1 << 20, 20);
  EXPECT_GE(received.body.size(), stopped_at + (2 << 20));
  EXPECT_LE(received.body.size(), stopped_at + (4 << 20));
}

}  // namespace
}  // namespace weft::http2
