#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/limits.h"
#include "tests/protocol/http2_server_under_test.h"
#include "tests/support/frames.h"
#include "tests/support/manual_clock.h"

// Programs by chance of all that decides about bulk in flight: lines that are used together,
// windows of all sizes, priorities and resets in mid-stream, PINGs that are answered late or never.
namespace weft::http2 {
namespace {

using internal::kInFlightPatience;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMostCalls = 12;
constexpr std::size_t kLargest = std::size_t{1} << 20;

std::string Letters(std::size_t n) {
  std::mt19937_64 random(1);
  std::string text(n, ' ');
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  return text;
}

struct Call {
  Exchange* exchange = nullptr;
  std::string_view reply;
  std::size_t given = 0;     // by the handler
  std::size_t received = 0;  // by the peer
  std::int64_t window = 0;
  bool trailers = false;
  bool finished = false;  // the handler has
  bool ended = false;
  bool reset = false;
};

// One connection, the handlers behind it, and the peer, whose windows and answers it keeps.
class Program {
 public:
  explicit Program(std::uint64_t seed) : random_(seed), server_(/*piece=*/1 << 20, Options()) {
    calls_.reserve(kMostCalls);
    const std::uint32_t connection = Pick<std::uint32_t>({1, 1 << 20, 16 << 20, 16 << 20});
    initial_window_ = Pick<std::uint32_t>({65'535, 256 << 10, 4 << 20, 16 << 20});
    connection_window_ += connection;
    answers_ = Pick<Answers>({Answers::kAtOnce, Answers::kLate, Answers::kSome, Answers::kNever});
    Send(testing::Preface() + testing::Settings({{4, initial_window_}}) +
         testing::WindowUpdate(0, connection) + testing::SettingsAck());
  }

  void Run() {
    for (int step = 0; step < 400 && !::testing::Test::HasFailure(); ++step) Step();
    progress_ = clock_.Now();
    while (!::testing::Test::HasFailure() && !over()) GoOn();
    if (::testing::Test::HasFailure()) return;
    Send(testing::Ping(1));
    Pull(1 << 20);
    EXPECT_EQ(server_.session.open_streams(), 0u);
    for (const Call& call : calls_) EXPECT_EQ(call.exchange->closes, 1);
  }

  // Whether there was bulk that had to wait though all windows had room.
  bool held() const { return held_; }

 private:
  enum class Answers : std::uint8_t { kAtOnce, kLate, kSome, kNever };
  struct Answer {
    TimePoint due;
    std::string frame;
  };

  SessionOptions Options() {
    SessionOptions options;
    options.clock = &clock_;
    options.scheduling.floor = Pick<double>({0, 0.05, 0.5});
    return options;
  }
  std::size_t Below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  template <typename T>
  T Pick(std::initializer_list<T> values) {
    return values.begin()[Below(values.size())];
  }
  std::string AnyPriority() { return Pick<std::string>({"u=1", "u=1, i", "u=4", "u=4, i"}); }
  std::uint32_t Id(const Call& call) const {
    return static_cast<std::uint32_t>(2 * (&call - calls_.data()) + 1);
  }
  static bool open(const Call& call) { return call.exchange->stream != nullptr && !call.reset; }
  bool over() const {
    return std::ranges::all_of(calls_, [](const Call& c) { return c.ended || c.reset; });
  }

  void Send(const std::string& frames) {
    const absl::Status status = server_.Send(frames);
    ASSERT_TRUE(status.ok()) << status;
  }

  void Step() {
    switch (Below(16)) {
      case 0:
      case 1:
        if (calls_.size() < kMostCalls) Open();
        return;
      case 2:
        Advance(milliseconds(Below(4)));
        return;
      case 3:
        if (Below(10) == 0) Advance(Pick<Duration>({seconds(1), seconds(3), kInFlightPatience}));
        return;
      case 4:
        GiveConnectionWindow(1 + Below(1 << 20));
        return;
      case 5:
        if (Below(4) == 0) ChangeInitialWindow();
        return;
      case 6:
      case 7:
      case 8:
      case 9:
        Pull(Pick<std::size_t>({1, 20'000, 65'536, 1 << 20}));
        return;
      default:
        break;
    }
    if (calls_.empty()) return;
    Call& call = calls_[Below(calls_.size())];
    if (!open(call)) return;
    switch (Below(6)) {
      case 0:
        GiveWindow(call, 1 + Below(1 << 20));
        return;
      case 1:
        if (Below(3) != 0) return;
        if (Below(2) == 0) {
          Send(testing::PriorityUpdate(Id(call), AnyPriority()));
        } else {
          call.exchange->stream->SetPriority(Priority(Pick<int>({1, 4}), Below(2) == 0));
        }
        return;
      case 2:
        if (Below(8) != 0) return;
        call.reset = true;
        if (Below(2) == 0) {
          Send(testing::RstStream(Id(call), 8));
        } else {
          call.exchange->stream->Reset(internal::StreamError::kCancel);
        }
        return;
      default:
        Give(call, 1 + Below(128 << 10));
    }
  }

  // All that peer and handlers can do for the replies to end.
  void GoOn() {
    if (connection_window_ < 1 << 20) GiveConnectionWindow(4 << 20);
    for (Call& call : calls_) {
      if (!open(call)) continue;
      if (call.window < 1 << 20) GiveWindow(call, 4 << 20);
      Give(call, call.reply.size());
    }
    if (Pull(Pick<std::size_t>({20'000, 1 << 20}))) {
      Advance(milliseconds(Below(2)));
      return;
    }
    ASSERT_LT(clock_.Now() - progress_, 3 * kInFlightPatience) << "held for ever";
    Advance(milliseconds(200));
    Send(testing::Ping(1));  // the peer is there
  }

  void Open() {
    static const std::string text = Letters(2 * kLargest);
    calls_.emplace_back();
    Call& call = calls_.back();
    call.reply = std::string_view(text).substr(Below(kLargest),
                                               Below(3) == 0 ? Below(20'000) : Below(kLargest));
    call.window = initial_window_;
    call.trailers = Below(2) == 0;
    Send(testing::Headers(Id(call))
             .Request("POST", "/a")
             .Field("priority", AnyPriority())
             .End()
             .Render());
    call.exchange = &server_.acceptor.last();
    call.exchange->stream->SendHead(200, false);
  }

  void Give(Call& call, std::size_t most) {
    if (call.finished) return;
    internal::HttpStream& stream = *call.exchange->stream;
    const std::string_view part = call.reply.substr(call.given, most);
    call.given += part.size();
    server_.Append(stream, part);
    if (call.given < call.reply.size()) return;
    call.finished = true;
    if (call.trailers) stream.trailers_to_send().AddStatic("grpc-status", "0");
    stream.SendEnd();
  }

  void GiveWindow(Call& call, std::size_t n) {
    if (call.window > 32 << 20) return;
    call.window += static_cast<std::int64_t>(n);
    Send(testing::WindowUpdate(Id(call), static_cast<std::uint32_t>(n)));
  }
  void GiveConnectionWindow(std::size_t n) {
    if (connection_window_ > 32 << 20) return;
    connection_window_ += static_cast<std::int64_t>(n);
    Send(testing::WindowUpdate(0, static_cast<std::uint32_t>(n)));
  }
  void ChangeInitialWindow() {
    const auto window = Pick<std::uint32_t>({0, 65'535, 2 << 20, 16 << 20});
    for (Call& call : calls_) call.window += std::int64_t{window} - initial_window_;
    initial_window_ = window;
    Send(testing::Settings({{4, window}}));
  }

  void Advance(Duration time) {
    clock_.Advance(time);
    while (!due_.empty() && due_.front().due <= clock_.Now()) {
      --unanswered_;
      Send(due_.front().frame);
      due_.pop_front();
    }
  }

  // As a connection does it: when it was asked to, until there is no more. True if there was any.
  bool Pull(std::size_t budget) {
    if (server_.host.asked == asked_ && !more_) {
      LookAtWhatWaits();
      return false;
    }
    asked_ = server_.host.asked;
    internal::BufList out;
    const absl::Status status = server_.session.Pull(out, budget);
    EXPECT_TRUE(status.ok()) << status;
    more_ = !out.empty() && server_.session.wants_write();
    Read(Flatten(out));
    return !out.empty();
  }

  // Nothing is to be sent now.
  void LookAtWhatWaits() {
    if (connection_window_ <= 0) return;
    for (const Call& call : calls_) {
      if (!open(call) || call.window <= 0 || call.received == call.given) continue;
      held_ = true;
      EXPECT_GT(unanswered_, 0) << "stream " << Id(call) << " waits for nothing";
    }
  }

  void Read(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
      const std::size_t size = std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2);
      const std::uint32_t id = std::uint32_t{byte(7)} << 8 | byte(8);
      ASSERT_LE(9 + size, bytes.size());
      ReadFrame(byte(3), byte(4), id, bytes.substr(9, size));
      bytes.remove_prefix(9 + size);
    }
  }

  void ReadFrame(int type, int flags, std::uint32_t id, std::string_view payload) {
    ASSERT_NE(type, 7) << "GOAWAY";
    if (type == 6 && (flags & 1) == 0) TakePing(payload);
    if (id == 0) return;
    progress_ = clock_.Now();
    Call& call = calls_.at(id / 2);
    if (type == 0) {
      const auto n = static_cast<std::int64_t>(payload.size());
      ASSERT_LE(n, call.window);
      ASSERT_LE(n, connection_window_);
      call.window -= n;
      connection_window_ -= n;
      ASSERT_EQ(payload, call.reply.substr(call.received, payload.size())) << "stream " << id;
      call.received += payload.size();
    }
    if (type == 3) {
      ASSERT_TRUE(call.reset) << "stream " << id;
    }
    if (type <= 1 && (flags & 1) != 0) {
      ASSERT_EQ(call.received, call.reply.size()) << "stream " << id;
      call.ended = true;
    }
  }

  void TakePing(std::string_view payload) {
    ++unanswered_;
    if (answers_ == Answers::kNever || (answers_ == Answers::kSome && Below(3) == 0)) return;
    TimePoint due = clock_.Now();
    if (answers_ != Answers::kAtOnce) due += milliseconds(Below(50));
    if (!due_.empty()) due = std::max(due, due_.back().due);
    due_.push_back({due, testing::RawFrame(6, /*flags: ACK=*/1, 0, payload)});
  }

  std::mt19937_64 random_;
  testing::ManualClock clock_;
  Server server_;
  std::vector<Call> calls_;
  int asked_ = 0;
  bool more_ = false;
  bool held_ = false;
  TimePoint progress_;  // of any stream

  // The peer.
  Answers answers_;
  std::deque<Answer> due_;
  int unanswered_ = 0;  // PINGs
  std::uint32_t initial_window_ = 0;
  std::int64_t connection_window_ = 65'535;
};

TEST(InFlightRandomTest, RepliesThatAreNotResetEndWhole) {
  constexpr int kPrograms = 200;
  const std::uint64_t seed = std::random_device()();
  int held = 0;
  for (int i = 0; i < kPrograms; ++i) {
    SCOPED_TRACE("seed " + std::to_string(seed + static_cast<std::uint64_t>(i)));
    Program program(seed + static_cast<std::uint64_t>(i));
    program.Run();
    if (HasFailure()) return;
    held += program.held() ? 1 : 0;
  }
  EXPECT_GT(held, kPrograms / 2);
}

}  // namespace
}  // namespace weft::http2
