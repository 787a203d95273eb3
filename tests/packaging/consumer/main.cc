// A user's program: it serves a greeter, calls it once through a socket and says what came.
#include <iostream>
#include <string>

#include "greet/greet.weft.h"
#include "weft/channel.h"
#include "weft/server.h"
#include "weft/version.h"

namespace {

class GreeterService final : public greet::Greeter::Service {
  weft::Task<absl::Status> SayHello(weft::ServerContext&, const greet::Name& request,
                                    greet::Greeting& reply) override {
    reply.set_text("Hello, " + request.name());
    co_return absl::OkStatus();
  }
};

int Fail(const absl::Status& status) {
  std::cerr << status << "\n";
  return 1;
}

}  // namespace

int main() {
  GreeterService greeter;
  weft::Server server;
  server.Register(greeter);
  if (absl::Status s = server.Listen("127.0.0.1:0"); !s.ok()) return Fail(s);
  if (absl::Status s = server.Start(); !s.ok()) return Fail(s);

  weft::Channel channel("ipv4:127.0.0.1:" + std::to_string(server.port()));
  greet::Greeter::Stub stub(channel);
  greet::Name request;
  request.set_name("consumer");
  absl::StatusOr<greet::Greeting> reply = stub.SayHello(request).Wait();
  if (!reply.ok()) return Fail(reply.status());
  std::cout << "Weft " << weft::kVersion << ": " << reply->text() << "\n";
  return reply->text() == "Hello, consumer" ? 0 : 1;
}
