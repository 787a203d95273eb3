// Layer: services.
#pragma once

#include <memory>
#include <string_view>

#include "absl/types/span.h"

#include "weft/service.h"

namespace weft {

namespace internal {
class HealthBoard;
class HealthHandlers;
}  // namespace internal

// The standard health service, grpc.health.v1.Health: load balancers and orchestrators ask it
// whether to send calls here. Register it like any other service.
//
// Knows a status for each name that SetStatus was given; the empty name stands for the server as a
// whole, which serves from the start. When a server shuts down, those who watch through it hear
// NOT_SERVING, and their streams end. Safe to use from any thread.
class HealthService final : public Service {
 public:
  HealthService();
  ~HealthService() override;

  // `service` is a full name, as Greeter::kServiceName.
  void SetStatus(std::string_view service, bool serving);
  // Nothing serves from here on, whatever SetStatus says: for the time before the server's own
  // Shutdown, so that balancers look elsewhere first.
  void Shutdown();

  absl::Span<const Method> methods() const override;

 private:
  friend class internal::HealthHandlers;
  const std::unique_ptr<internal::HealthBoard> board_;
};

}  // namespace weft
