// gRPC's health checking protocol (checklist 52). The messages are Weft's own with the same fields,
// so that a user's copy of grpc/health/v1/health.proto does not clash with them in protobuf's pool.
#include "weft/health.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "services/health_board.h"
#include "weft/drain_notice.h"
#include "weft/event.h"
#include "weft/internal/health.pb.h"

namespace weft {
namespace internal {

using health::HealthCheckRequest;
using health::HealthCheckResponse;

namespace {

template <typename Message>
const google::protobuf::MessageLite& Prototype() {
  return Message::default_instance();
}

constexpr MethodInfo kMethods[] = {
    {"/grpc.health.v1.Health/Check", MethodKind::kUnary, &Prototype<HealthCheckRequest>,
     &Prototype<HealthCheckResponse>, /*no_side_effects=*/false},
    {"/grpc.health.v1.Health/Watch", MethodKind::kServerStream, &Prototype<HealthCheckRequest>,
     &Prototype<HealthCheckResponse>, /*no_side_effects=*/false},
};

HealthCheckResponse::ServingStatus OnTheWire(std::optional<bool> serving) {
  if (!serving.has_value()) return HealthCheckResponse::SERVICE_UNKNOWN;
  return *serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

}  // namespace

class HealthHandlers {
 public:
  static Task<absl::Status> Check(Service& service, HandlerArgs& args) {
    const auto& request = static_cast<const HealthCheckRequest&>(args.request());
    const std::optional<bool> serving = Board(service).Find(request.service());
    if (!serving.has_value()) {
      co_return absl::NotFoundError(
          absl::StrCat("nothing is known of the health of \"", request.service(), "\""));
    }
    static_cast<HealthCheckResponse&>(args.reply()).set_status(OnTheWire(serving));
    co_return absl::OkStatus();
  }

  static Task<absl::Status> Watch(Service& service, HandlerArgs& args) {
    const auto& request = static_cast<const HealthCheckRequest&>(args.request());
    auto& writer = args.stream<ServerWriter<HealthCheckResponse>>();
    Event changed(Event::Mode::kAutoReset);
    HealthWatcher watcher(Board(service), request.service(), args.context().loop(), changed);
    DrainNotice draining(args.context(), [&changed] { changed.Set(); });
    HealthCheckResponse response;
    std::optional<HealthCheckResponse::ServingStatus> sent;
    while (true) {
      const bool last = draining.given();
      HealthCheckResponse::ServingStatus now = OnTheWire(watcher.Find());
      if (last && now == HealthCheckResponse::SERVING) now = HealthCheckResponse::NOT_SERVING;
      if (sent != now) {
        sent = now;
        response.set_status(now);
        absl::Status written = co_await writer.Write(response);
        if (!written.ok()) co_return written;
      }
      if (last) co_return absl::UnavailableError("the server is shutting down");
      const bool told = co_await changed.Wait();
      if (!told) co_return absl::CancelledError("the watch was cancelled");
    }
  }

 private:
  static HealthBoard& Board(Service& service) {
    return *static_cast<HealthService&>(service).board_;
  }
};

}  // namespace internal

HealthService::HealthService() : board_(std::make_unique<internal::HealthBoard>()) {}
HealthService::~HealthService() = default;

void HealthService::SetStatus(std::string_view service, bool serving) {
  board_->Set(service, serving);
}

void HealthService::Shutdown() { board_->Shutdown(); }

absl::Span<const Method> HealthService::methods() const {
  static constexpr Method kTable[] = {
      {&internal::kMethods[0], &internal::HealthHandlers::Check, nullptr},
      {&internal::kMethods[1], &internal::HealthHandlers::Watch, nullptr},
  };
  return kTable;
}

}  // namespace weft
