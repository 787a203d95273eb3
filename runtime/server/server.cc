#include "weft/server.h"

#include "server/core.h"

namespace weft {

Server::Server() : Server(ServerOptions()) {}
Server::Server(const ServerOptions& options)
    : core_(std::make_shared<internal::ServerCore>(options)) {}
Server::~Server() { Sever(); }

void Server::Register(Service& service) { core_->Register(service); }
absl::Status Server::Listen(std::string_view address) { return core_->Listen(address); }
absl::Status Server::ListenOn(int descriptor) { return core_->ListenOn(descriptor); }
int Server::port() const { return core_->port(); }
absl::Status Server::Start() { return core_->Start(); }
absl::Status Server::Run() { return core_->Run(); }
internal::InProcessEndpoint* Server::PickEndpoint(const EventLoop* prefer) {
  return core_->PickEndpoint(prefer);
}
absl::Status Server::Shutdown(Duration grace) { return core_->Shutdown(grace); }

}  // namespace weft
