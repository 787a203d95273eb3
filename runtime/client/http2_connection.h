#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/client_connection.h"
#include "http2/session.h"
#include "io/timer_wheel.h"
#include "transport/connection.h"

namespace weft::internal {

class ChannelCore;

// A ClientConnection that speaks HTTP/2 over a transport. It is up once the server's SETTINGS have
// come: only then is it known that this is HTTP/2 at all.
class Http2Connection final : public ClientConnection,
                              private Connection::Owner,
                              public http2::ClientSessionEvents {
 public:
  // Down with UNAVAILABLE when the server has not spoken by `give_up`.
  Http2Connection(ChannelCore& channel, LoopCore& loop, http2::StreamPool& pool,
                  std::unique_ptr<Transport> transport, TimePoint give_up, Events& events);

  bool can_open() const override;
  HttpStream& OpenStream(HttpStreamEvents& events, std::string_view path,
                         std::optional<Priority> priority) override;
  void Drain() override { connection_.Drain(); }
  void Close(const absl::Status& why) override { connection_.Close(why); }
  const std::string& peer() const override { return connection_.peer(); }
  std::string_view user_agent() const override;

  void OnGoAway(std::uint32_t error, std::int32_t last_stream_id, std::string_view debug) override;
  void OnCapacity() override;
  void OnSettings() override;

 private:
  class GiveUpTimer final : public TimerNode {
   public:
    explicit GiveUpTimer(Http2Connection& connection) : connection_(connection) {}
    void OnTimer() override;

   private:
    Http2Connection& connection_;
  };
  // Tells the shard, outside of the codec's events.
  class Teller final : public Runnable {
   public:
    explicit Teller(Http2Connection& connection) : connection_(connection) {}
    ~Teller() = default;
    void Run() override { connection_.Tell(); }

   private:
    Http2Connection& connection_;
  };

  void OnConnectionClosed(Connection& connection, const absl::Status& why) override;
  void Tell();

  ChannelCore& channel_;
  Events& events_;
  Connection connection_;
  http2::ClientSession* session_;  // owned by connection_
  bool up_ = false;
  bool going_away_ = false;
  bool tell_up_ = false;
  bool tell_going_away_ = false;
  bool tell_capacity_ = false;
  absl::Status why_;  // of a GOAWAY
  GiveUpTimer give_up_timer_;
  Teller teller_;
};

}  // namespace weft::internal
