#include "client/http2_connection.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "client/channel_core.h"
#include "rpc/status_map.h"

namespace weft::internal {
namespace {

http2::SessionOptions Session(const ChannelOptions& options) {
  http2::SessionOptions session;
  session.scheduling.floor = options.priority_floor();
  return session;
}

}  // namespace

Http2Connection::Http2Connection(ChannelCore& channel, LoopCore& loop, http2::StreamPool& pool,
                                 std::unique_ptr<Transport> transport, TimePoint give_up,
                                 Events& events)
    : channel_(channel),
      events_(events),
      connection_(loop, std::move(transport), ConnectionTimeouts(), *this),
      give_up_timer_(*this),
      teller_(*this) {
  http2::SessionOptions options = Session(channel.options());
  options.clock = &loop.clock();
  auto session = std::make_unique<http2::ClientSession>(options, pool, connection_, *this);
  session_ = session.get();
  connection_.Start(std::move(session));
  loop.timers().Arm(give_up_timer_, give_up);
}

bool Http2Connection::can_open() const { return up_ && !going_away_ && session_->can_open(); }

HttpStream& Http2Connection::OpenStream(HttpStreamEvents& events, std::string_view path,
                                        std::optional<Priority> priority) {
  return session_->OpenStream(
      events, http2::RequestTarget("POST", "http", channel_.authority(), path), priority);
}

std::string_view Http2Connection::user_agent() const { return channel_.user_agent(); }

void Http2Connection::GiveUpTimer::OnTimer() {
  connection_.connection_.Close(absl::UnavailableError(
      absl::StrCat("connected to ", connection_.peer(),
                   ", but it did not answer as an HTTP/2 server within the connect timeout")));
}

void Http2Connection::OnSettings() {
  if (up_) return;
  up_ = tell_up_ = true;
  connection_.loop().timers().Disarm(give_up_timer_);
  if (!teller_.queued()) connection_.loop().Schedule(teller_);
}

void Http2Connection::OnGoAway(std::uint32_t error, std::int32_t, std::string_view debug) {
  if (error != 0) {
    why_ =
        absl::UnavailableError(absl::StrCat(peer(), " ended the connection with the HTTP/2 error ",
                                            StreamErrorName(static_cast<StreamError>(error)),
                                            debug.empty() ? "" : ": ", std::string(debug)));
  }
  if (std::exchange(going_away_, true)) return;
  tell_going_away_ = true;
  if (!teller_.queued()) connection_.loop().Schedule(teller_);
}

void Http2Connection::OnCapacity() {
  tell_capacity_ = true;
  if (!teller_.queued()) connection_.loop().Schedule(teller_);
}

void Http2Connection::Tell() {
  if (std::exchange(tell_up_, false)) events_.OnUp(*this);
  if (std::exchange(tell_going_away_, false)) {
    events_.OnGoingAway(*this);
    connection_.Drain();
  } else if (std::exchange(tell_capacity_, false)) {
    events_.OnCapacity(*this);
  }
}

void Http2Connection::OnConnectionClosed(Connection&, const absl::Status& why) {
  connection_.loop().timers().Disarm(give_up_timer_);
  // A GOAWAY's reason is nearer to the truth than what came of it. Moved: this may be destroyed.
  absl::Status cause = std::move(why_);
  if (cause.ok()) cause = why;
  if (cause.ok())
    cause = absl::UnavailableError(absl::StrCat("the connection was closed by ", peer()));
  events_.OnDown(*this, cause);  // may destroy this
}

}  // namespace weft::internal
