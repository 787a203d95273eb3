// [client]
#include <future>
#include <iostream>

#include "hello.weft.h"
#include "weft/block_on.h"
#include "weft/channel.h"
#include "weft/task.h"

using hello::v1::Greeter;
using hello::v1::HelloReply;
using hello::v1::HelloRequest;

bool Print(const absl::StatusOr<HelloReply>& reply) {
  if (reply.ok()) {
    std::cout << reply->message() << "\n";
  } else {
    std::cerr << reply.status() << "\n";
  }
  return reply.ok();
}

// A coroutine awaits the reply.
weft::Task<bool> Greet(Greeter::Stub greeter, HelloRequest request) {
  absl::StatusOr<HelloReply> reply = co_await greeter.SayHello(request);
  co_return Print(reply);
}

int main(int argc, char** argv) {
  weft::Channel channel(argc > 1 ? argv[1] : "dns:///localhost:8080");
  Greeter::Stub greeter(channel);
  HelloRequest request;
  request.set_name("weft");

  // A thread waits for it.
  bool ok = Print(greeter.SayHello(request).Wait());

  // A callback is called with it.
  std::promise<bool> called;
  greeter.SayHello(request).Then(
      [&](absl::StatusOr<HelloReply> reply) { called.set_value(Print(reply)); });
  ok = called.get_future().get() && ok;

  ok = weft::BlockOn(Greet(greeter, request)) && ok;
  return ok ? 0 : 1;
}
// [/client]
