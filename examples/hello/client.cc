#include <iostream>

#include "hello.weft.h"
#include "weft/channel.h"

// [client]
int main(int argc, char** argv) {
  weft::Channel channel(argc > 1 ? argv[1] : "dns:///localhost:8080");
  hello::v1::Greeter::Stub greeter(channel);
  hello::v1::HelloRequest request;
  request.set_name("weft");

  absl::StatusOr<hello::v1::HelloReply> reply = greeter.SayHello(request).Wait();
  if (!reply.ok()) {
    std::cerr << reply.status() << "\n";
    return 1;
  }
  std::cout << reply->message() << "\n";
}
// [/client]
