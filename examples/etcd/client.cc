// A client of a real etcd server: puts and gets a key, watches three changes, keeps a lease alive
// beyond its time and then lets it go. ./run starts a server for it.
//   etcd_client 127.0.0.1:2379
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "etcd.weft.h"
#include "weft/channel.h"
#include "weft/event_loop.h"
#include "weft/sleep.h"
#include "weft/spawn.h"
#include "weft/task.h"
#include "weft/when_all.h"

namespace {

using namespace etcdserverpb;
using std::chrono::milliseconds;
using std::chrono::seconds;
using WatchStream = weft::ClientReaderWriter<WatchRequest, WatchResponse>;
using KeepAliveStream = weft::ClientReaderWriter<LeaseKeepAliveRequest, LeaseKeepAliveResponse>;

absl::Status Unexpected(const std::string& what, const std::string& got) {
  return absl::InternalError(absl::StrCat(what, ": got ", got));
}

// A client of one server. One loop's thread.
class Client {
 public:
  explicit Client(const weft::Channel& channel) : kv_(channel), watch_(channel), lease_(channel) {}

  weft::Task<absl::Status> Put(std::string key, std::string value, std::int64_t lease = 0) {
    weft::ClientContext context;
    context.set_timeout(seconds(15));
    context.set_wait_for_ready(true);  // the server may just be starting
    PutRequest request;
    request.set_key(key);
    request.set_value(value);
    request.set_lease(lease);
    absl::StatusOr<PutResponse> put = co_await kv_.Put(context, request);
    if (put.ok())
      std::cout << "put    " << key << " = " << value << ", revision " << put->header().revision()
                << "\n";
    co_return put.status();
  }

  // The value of a key; NOT_FOUND when it has none.
  weft::Task<absl::StatusOr<std::string>> Get(std::string key) {
    weft::ClientContext context;
    context.set_timeout(seconds(15));
    RangeRequest request;
    request.set_key(key);
    absl::StatusOr<RangeResponse> found = co_await kv_.Range(context, request);
    if (!found.ok()) co_return found.status();
    if (found->kvs().empty()) co_return absl::NotFoundError(absl::StrCat("etcd has no key ", key));
    const mvccpb::KeyValue& kv = found->kvs(0);
    std::cout << "get    " << key << " = " << kv.value() << ", version " << kv.version() << "\n";
    co_return kv.value();
  }

  // Begins to watch one key; returns once the server has said that it does.
  weft::Task<absl::Status> StartWatch(WatchStream& stream, std::string key) {
    WatchRequest request;
    request.mutable_create_request()->set_key(key);
    absl::Status written = co_await stream.Write(request);
    WatchResponse response;
    while (co_await stream.Read(response)) {
      if (response.canceled()) co_return absl::AbortedError(response.cancel_reason());
      if (!response.created()) continue;
      std::cout << "watch  " << key << " is watched\n";
      co_return absl::OkStatus();
    }
    absl::Status status = co_await stream.Finish();
    co_return status.ok() ? Unexpected("a watch that was asked for", "the end of the stream")
                          : status;
  }

  // The next `count` events, in the order in which they come.
  weft::Task<absl::StatusOr<std::vector<mvccpb::Event>>> ReadEvents(WatchStream& stream,
                                                                    std::size_t count) {
    std::vector<mvccpb::Event> events;
    WatchResponse response;
    while (events.size() < count) {
      bool more = co_await stream.Read(response);
      if (!more) break;
      for (const mvccpb::Event& event : response.events()) {
        std::cout << "watch  " << event.kv().key()
                  << (event.type() == mvccpb::Event::DELETE ? " is gone" : " = ")
                  << event.kv().value() << ", revision " << event.kv().mod_revision() << "\n";
        events.push_back(event);
      }
    }
    if (events.size() == count) co_return events;
    absl::Status status = co_await stream.Finish();
    co_return status.ok() ? Unexpected("a watch", "the end of the stream") : status;
  }

  WatchStream Watch(weft::ClientContext& context) { return watch_.Watch(context); }

  weft::Task<absl::StatusOr<LeaseGrantResponse>> Grant(seconds ttl) {
    weft::ClientContext context;
    context.set_timeout(seconds(15));
    LeaseGrantRequest request;
    request.set_ttl(ttl.count());
    absl::StatusOr<LeaseGrantResponse> lease = co_await lease_.LeaseGrant(context, request);
    if (lease.ok()) std::cout << "lease  granted for " << lease->ttl() << " s\n";
    co_return lease;
  }

  // Renews the lease several times in its life, for `time`.
  weft::Task<absl::Status> KeepAlive(LeaseGrantResponse lease, weft::Duration time) {
    weft::ClientContext context;
    context.set_timeout(time + seconds(15));
    KeepAliveStream stream = lease_.LeaseKeepAlive(context);
    LeaseKeepAliveRequest request;
    request.set_id(lease.id());
    LeaseKeepAliveResponse response;
    const weft::Duration pause = weft::Duration(seconds(lease.ttl())) / 4;
    int renewals = 0;
    for (weft::Duration kept{}; kept < time; kept += pause) {
      absl::Status written = co_await stream.Write(request);
      bool answered = co_await stream.Read(response);
      if (!answered) break;
      if (response.ttl() <= 0)
        co_return absl::NotFoundError("the lease has ended while it was kept alive");
      ++renewals;
      absl::Status slept = co_await weft::Sleep(pause);
      if (!slept.ok()) co_return slept;
    }
    absl::Status status = co_await stream.Finish();
    if (status.ok()) std::cout << "lease  renewed " << renewals << " times, for twice its life\n";
    co_return status;
  }

 private:
  KV::Stub kv_;
  etcdserverpb::Watch::Stub watch_;
  Lease::Stub lease_;
};

weft::Task<absl::Status> PutAndGet(Client& client) {
  absl::Status put = co_await client.Put("greeting", "hello");
  if (!put.ok()) co_return put;
  absl::StatusOr<std::string> value = co_await client.Get("greeting");
  if (!value.ok()) co_return value.status();
  if (*value != "hello") co_return Unexpected("the value that was put", *value);
  absl::StatusOr<std::string> missing = co_await client.Get("nothing");
  if (!absl::IsNotFound(missing.status()))
    co_return Unexpected("a key without a value", missing.status().ToString());
  std::cout << "get    " << missing.status() << "\n";
  co_return absl::OkStatus();
}

weft::Task<absl::Status> PutColors(Client& client, const std::vector<std::string>& colors) {
  for (const std::string& color : colors) {
    absl::Status put = co_await client.Put("color", color);
    if (!put.ok()) co_return put;
  }
  co_return absl::OkStatus();
}

// Watches while it puts.
weft::Task<absl::Status> WatchThreeChanges(Client& client) {
  weft::ClientContext context;
  context.set_timeout(seconds(15));
  WatchStream stream = client.Watch(context);
  absl::Status watching = co_await client.StartWatch(stream, "color");
  if (!watching.ok()) co_return watching;
  const std::vector<std::string> colors = {"red", "green", "blue"};
  auto both =
      co_await weft::WhenAll(PutColors(client, colors), client.ReadEvents(stream, colors.size()));
  const auto& [put, events] = both;
  if (!put.ok()) co_return put;
  if (!events.ok()) co_return events.status();
  for (std::size_t i = 0; i < colors.size(); ++i) {
    const std::string& value = (*events)[i].kv().value();
    if (value != colors[i])
      co_return Unexpected(absl::StrCat("change ", i, " to ", colors[i]), value);
  }
  co_return absl::OkStatus();
}

weft::Task<absl::Status> KeepLease(Client& client) {
  absl::StatusOr<LeaseGrantResponse> lease = co_await client.Grant(seconds(2));
  if (!lease.ok()) co_return lease.status();
  weft::ClientContext context;
  context.set_timeout(seconds(60));
  WatchStream stream = client.Watch(context);
  absl::Status status = co_await client.StartWatch(stream, "presence");
  if (!status.ok()) co_return status;
  status = co_await client.Put("presence", "here", lease->id());
  if (!status.ok()) co_return status;
  status = co_await client.KeepAlive(*lease, 2 * seconds(lease->ttl()));
  if (!status.ok()) co_return status;
  absl::StatusOr<std::string> kept = co_await client.Get("presence");
  if (!kept.ok()) co_return kept.status();

  std::cout << "lease  no longer renewed\n";
  absl::StatusOr<std::vector<mvccpb::Event>> events = co_await client.ReadEvents(stream, 2);
  if (!events.ok()) co_return events.status();
  if ((*events)[1].type() != mvccpb::Event::DELETE)
    co_return Unexpected("the end of the lease", "another change");
  co_return absl::OkStatus();
}

weft::Task<absl::Status> RunAll(Client& client) {
  absl::Status status = co_await PutAndGet(client);
  if (!status.ok()) co_return status;
  status = co_await WatchThreeChanges(client);
  if (!status.ok()) co_return status;
  status = co_await KeepLease(client);
  co_return status;
}

weft::Task<void> RunThenStop(Client& client, weft::EventLoop& loop, absl::Status& result) {
  result = co_await RunAll(client);
  loop.Stop();
}

}  // namespace

int main(int argc, char** argv) {
  weft::EventLoop loop;
  weft::ChannelOptions options;
  options.add_loop(loop).set_backoff(milliseconds(100), seconds(1));
  weft::Channel channel(argc > 1 ? argv[1] : "127.0.0.1:2379", options);
  Client client(channel);
  absl::Status result = absl::CancelledError("the loop ended before the calls");
  weft::Spawn(loop, RunThenStop(client, loop, result), "etcd");
  loop.Run();
  if (!result.ok()) std::cerr << "etcd_client: " << result << "\n";
  return result.ok() ? 0 : 1;
}
