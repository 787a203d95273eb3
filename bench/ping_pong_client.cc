// Weft's client as bench/ping_pong measures it: weft_ping_pong FORM PORT CALLS. Forms: blocking and
// coroutine make one unary call after the other; many keeps ten on each of ten connections in
// flight; download and upload are streams of small messages.
#include <cstdint>
#include <deque>
#include <string>

#include "bench/peers/ping_pong.h"
#include "echo.weft.h"
#include "weft/channel.h"
#include "weft/event_loop.h"
#include "weft/spawn.h"

namespace {

using bench::Echo;
using bench::Payload;
using ping_pong::Fail;
using ping_pong::Load;
using ping_pong::Meter;

Payload Request(std::int32_t id) {
  Payload request;
  request.set_body(std::string(ping_pong::kBodySize, 'x'));
  request.set_id(id);
  request.set_name("bench");
  return request;
}

std::string Target(const Load& load) { return "127.0.0.1:" + load.port; }

void MakeBlockingCalls(const Load& load) {
  const weft::Channel channel(Target(load));
  const Echo::Stub echo(channel);
  const Payload request = Request(7);
  Payload reply;
  Meter meter(load.calls);
  for (long i = -load.calls / 10; i < load.calls; ++i) {
    if (i == 0) meter.Begin();
    if (!echo.Unary(request, &reply).Wait().ok()) Fail("a call failed");
    if (i >= 0) meter.Note();
  }
  meter.Print(load.calls);
}

struct Run {
  Run(const Load& asked, Meter& its_meter) : load(asked), meter(its_meter) {}
  const Load& load;
  Meter& meter;
  long left = 0;   // to be begun, those before the meter's beginning included
  long going = 0;  // coroutines
};

weft::Task<void> MakeCalls(const Echo::Stub& echo, Run& run) {
  const Payload request = Request(7);
  Payload reply;
  Meter& meter = run.meter;
  for (long i = -run.load.calls / 10; i < run.load.calls; ++i) {
    if (i == 0) meter.Begin();
    absl::Status status = co_await echo.Unary(request, &reply);
    if (!status.ok()) Fail("a call failed");
    if (i >= 0) meter.Note();
  }
  meter.Print(run.load.calls);
  --run.going;
}

weft::Task<void> CallWhileLeft(const Echo::Stub& echo, Run& run) {
  const Payload request = Request(7);
  Payload reply;
  while (run.left > 0) {
    if (run.left-- == run.load.calls) run.meter.Begin();
    absl::Status status = co_await echo.Unary(request, &reply);
    if (!status.ok()) Fail("a call failed");
  }
  --run.going;
}

// Reads the messages of `streams` streams.
weft::Task<void> Download(const Echo::Stub& echo, Run& run, long streams) {
  const Payload request = Request(ping_pong::kMessages);
  Payload message;
  for (long i = -1; i < streams; ++i) {
    if (i == 0) run.meter.Begin();
    auto stream = echo.ServerStream(request);
    long taken = 0;
    while (co_await stream.Read(message)) ++taken;
    absl::Status ended = co_await stream.Finish();
    if (!ended.ok() || taken != ping_pong::kMessages) Fail("a stream failed");
  }
  run.meter.Print(streams * ping_pong::kMessages);
  --run.going;
}

weft::Task<void> Upload(const Echo::Stub& echo, Run& run, long streams) {
  const Payload message = Request(7);
  for (long i = -1; i < streams; ++i) {
    if (i == 0) run.meter.Begin();
    auto stream = echo.ClientStream();
    for (int left = ping_pong::kMessages; left > 0; --left) {
      absl::Status written = co_await stream.Write(message);
      if (!written.ok()) Fail("a message was not written");
    }
    absl::StatusOr<Payload> reply = co_await stream.Finish();
    if (!reply.ok() || reply->id() != ping_pong::kMessages) Fail("a stream failed");
  }
  run.meter.Print(streams * ping_pong::kMessages);
  --run.going;
}

void RunAll(weft::EventLoop& loop, const Run& run) {
  while (run.going > 0) loop.RunOnce(std::chrono::seconds(1));
}

void MakeManyCalls(const Load& load) {
  weft::EventLoop loop;
  std::deque<weft::Channel> channels;
  std::deque<Echo::Stub> stubs;
  for (int i = 0; i < ping_pong::kConnections; ++i) {
    channels.emplace_back(Target(load), weft::ChannelOptions().add_loop(loop));
    stubs.emplace_back(channels.back());
  }
  Meter meter(0);
  Run run(load, meter);
  run.left = load.calls + load.calls / 10;
  for (const Echo::Stub& stub : stubs) {
    for (int i = 0; i < ping_pong::kInFlight; ++i) {
      ++run.going;
      weft::Spawn(loop, CallWhileLeft(stub, run));
    }
  }
  RunAll(loop, run);
  meter.Print(load.calls);
}

void RunOnLoop(const Load& load) {
  weft::EventLoop loop;
  const weft::Channel channel(Target(load), weft::ChannelOptions().add_loop(loop));
  const Echo::Stub echo(channel);
  Meter meter(load.calls);
  Run run(load, meter);
  run.going = 1;
  const long streams = std::max(load.calls / ping_pong::kMessages, 1L);
  if (load.form == "coroutine") {
    weft::Spawn(loop, MakeCalls(echo, run));
  } else if (load.form == "download") {
    weft::Spawn(loop, Download(echo, run, streams));
  } else if (load.form == "upload") {
    weft::Spawn(loop, Upload(echo, run, streams));
  } else {
    Fail("forms: blocking, coroutine, many, download, upload");
  }
  RunAll(loop, run);
}

}  // namespace

int main(int argc, char** argv) {
  const Load load = ping_pong::Parse(argc, argv);
  if (load.form == "blocking") {
    MakeBlockingCalls(load);
  } else if (load.form == "many") {
    MakeManyCalls(load);
  } else {
    RunOnLoop(load);
  }
  return 0;
}
