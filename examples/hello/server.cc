// The smallest server: run it, then the client, or
//   curl localhost:8080/hello.v1.Greeter/SayHello --json '{"name": "curl"}'
// [server]
#include "weft/server.h"

#include <iostream>
#include <string>

#include "hello.weft.h"

using namespace hello::v1;

class GreeterService final : public Greeter::Service {
  weft::Task<absl::Status> SayHello(weft::ServerContext&, const HelloRequest& request,
                                    HelloReply& reply) override {
    if (request.name().empty()) co_return absl::InvalidArgumentError("name is empty");
    reply.set_message("Hello, " + request.name());
    co_return absl::OkStatus();
  }

  weft::Task<absl::Status> Chat(weft::ServerContext&,
                                weft::ServerReaderWriter<Note, Note>& stream) override {
    Note note;
    while (co_await stream.Read(note)) {
      absl::Status written = co_await stream.Write(note);
      if (!written.ok()) co_return written;  // the client is gone
    }
    co_return absl::OkStatus();
  }
};

int main(int argc, char** argv) {
  GreeterService greeter;
  weft::Server server;
  server.Register(greeter);
  absl::Status status = server.Listen(argc > 1 ? argv[1] : "localhost:8080");
  if (status.ok()) {
    std::cout << "listening on port " << server.port() << std::endl;
    status = server.Run();  // until SIGTERM; lets running calls end
  }
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
// [/server]
