#include "server/shard.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"

#include "base/log.h"
#include "protocol/grpc.h"
#include "protocol/json.h"
#include "server/server_call.h"

namespace weft::internal {
namespace {

// Hears of a stream that was answered when its head came: there is nothing more to do.
class AnsweredStream final : public HttpStreamEvents {
 public:
  void OnHead(HttpHead&, bool) override {}
  void OnBody(Slice) override {}
  void OnEnd(HeaderList&) override {}
  void OnDrained() override {}
  void OnClosed(const StreamClose&) override {}
};

HttpStreamEvents* Answered() {
  static AnsweredStream answered;  // lint: allow global: has no state
  return &answered;
}

const Protocol* FindProtocol(const HttpHead& head) {
  using Protocols = std::array<const Protocol*, 2>;
  static const Protocols all{&GrpcProtocol(), &JsonProtocol()};  // lint: allow global: constant
  for (const Protocol* protocol : all) {
    if (protocol->Matches(head)) return protocol;
  }
  return nullptr;
}

// Where a body is one message, its length alone may say that it is too large: a client that waits
// for leave to send it is not given that (RFC 9110 §10.1.1). Whoever sends it anyway gets the same
// answer once so much has come: before that, many would lose it with the connection.
absl::Status CheckLength(const HttpHead& head, std::size_t limit) {
  if (!head.fields.Has("expect")) return absl::OkStatus();
  const std::string_view text = head.fields.Find("content-length");
  std::uint64_t length = 0;
  // That it is a number is the codec's to check.
  std::from_chars(text.data(), text.data() + text.size(), length);
  return length <= limit ? absl::OkStatus() : ReceivedTooLarge(length, limit, kReceiveLimitOption);
}

// An answer in plain HTTP, for what is no protocol's.
void AnswerPlainly(const HttpHead& request, HttpStream& stream, ChunkPool& pool, int status,
                   std::string_view text) {
  stream.DropRest();
  stream.head_to_send().AddStatic("content-type", "text/plain; charset=utf-8");
  if (request.method == "HEAD") {
    stream.SendHead(status, /*end=*/true);
    return;
  }
  stream.outbound().Append(pool, text);
  stream.outbound().Append(pool, "\n");
  stream.SendHead(status, /*end=*/false);
  stream.BodyAppended();
  stream.SendEnd();
}

}  // namespace

Shard::Shard(EventLoop& loop, const Router& router, const ServerOptions& options,
             WorkerPool& workers, WorkerPlaces& places, BudgetCount& budget)
    : router_(router),
      environment_{loop, loop.core(), loop.core().chunks(), options, workers, places, {}, this},
      streams_(environment_.chunks, blocks_),
      memory_(budget, environment_.loop, environment_.calls),
      dates_(),
      endpoint_(environment_.loop, options.max_concurrent_streams(), *this),
      checker_(*this),
      last_resident_(*this) {
  environment_.memory = &memory_;
  pools_.reserve(router.entries().size());
  for (const Router::Entry& entry : router.entries()) {
    pools_.push_back(std::make_unique<MethodPool>(*entry.method, *entry.service, environment_));
  }
  environment_.loop.AddResident(*this);
}

Shard::~Shard() {
  LeaveLoop();
  last_resident_.Leave();
  EndAll();
  // Left over only where a loop has ended under its handlers: their coroutines go with their calls.
  while (ServerCall* call = environment_.calls.PopFront()) delete call;
}

void Shard::Accept(std::unique_ptr<Transport> transport) {
  if (draining_) {
    connection_count_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  auto* connection = new ServerConnection(*this, std::move(transport));
  connections_.PushBack(*connection);
  memory_.Add(*connection);
  connection->Start();
}

void Shard::OnInProcessClient(std::shared_ptr<InProcessPipe> pipe) {
  if (draining_) {
    pipe->Refuse(absl::UnavailableError("the server in this process is shutting down"));
    return;
  }
  Announce();
  auto* connection = new InProcessServerConnection(*this, std::move(pipe));
  in_process_.PushBack(*connection);
  memory_.Add(*connection);
}

void Shard::RefuseMethod(HttpStream& stream, const HttpHead& head) {
  stream.head_to_send().AddStatic("allow", "POST");
  AnswerPlainly(head, stream, environment_.chunks, 405, "calls are made with POST");
}

// checklist 1: what isn't ours is HTTP's to refuse.
void Shard::RefuseAsHttp(HttpStream& stream, const HttpHead& head) {
  const bool get = head.method == "GET" || head.method == "HEAD";
  if (head.method != "POST" && router_.Offers(head.path.substr(0, head.path.find('?')))) {
    RefuseMethod(stream, head);
  } else {
    AnswerPlainly(head, stream, environment_.chunks, get ? 404 : 415,
                  get ? "nothing is served under this path with this method"
                      : "this content-type is not served here; use application/grpc (HTTP/2) or "
                        "application/json");
  }
}

HttpStreamEvents* Shard::Dispatch(HttpStream& stream, HttpHead& head, bool end,
                                  MemoryTenant& from) {
  const Protocol* protocol = FindProtocol(head);
  if (protocol == nullptr) {
    RefuseAsHttp(stream, head);
    return Answered();
  }
  if (head.method != "POST") {
    RefuseMethod(stream, head);
    return Answered();
  }
  RequestInfo info;
  absl::Status status = protocol->ReadRequestHead(head, info);
  const std::size_t index = router_.Find(info.path);
  MethodKind kind = MethodKind::kUnary;
  if (index != Router::kNone) {
    kind = router_.entries()[index].method->info->kind;
    if (status.ok() && info.framing == Framing::kWholeBody &&
        router_.entries()[index].method->info->streams_requests()) {
      status = absl::UnimplementedError(
          absl::StrCat(std::string(info.path),
                       " takes a stream of messages, which this protocol can't carry; use gRPC"));
    }
  } else if (status.ok()) {
    status = absl::UnimplementedError(
        router_.KnowsServiceOf(info.path)
            ? absl::StrCat("unknown method: ", std::string(info.path))
            : absl::StrCat("unknown service: no service of this server has the method ",
                           std::string(info.path)));
  }
  if (status.ok() && info.framing == Framing::kWholeBody) {
    status = CheckLength(head, environment_.options.receive_limit());
  }
  if (status.ok() && memory_.Refuses(from, info.path)) {
    status = MemoryWatch::Refusal(from, *protocol, stream);
  }
  if (!status.ok()) {
    protocol->SendEnd({status, NoMetadata(), NoMetadata(), kind, /*head_sent=*/false},
                      environment_.chunks, stream);
    return Answered();
  }
  ServerCall& call = pools_[index]->Acquire();
  call.Begin(stream, head, *protocol, info, from, end);
  return &call;
}

void Shard::Drain(absl::AnyInvocable<void()> done) {
  done_ = std::move(done);
  draining_ = true;
  endpoint_.Close();
  environment_.draining = true;
  while (DrainNotice* notice = environment_.drain_notices.PopFront()) notice->Give();
  ForEach(connections_, [](ServerConnection& connection) { connection.Drain(); });
  ForEach(in_process_, [](InProcessServerConnection& connection) { connection.Drain(); });
  CheckDone();
}

void Shard::Abandon() {
  const absl::Status why = absl::UnavailableError("the server is shutting down");
  ForEach(environment_.calls, [&why](ServerCall& call) { call.Abandon(why); });
  ForEach(connections_, [&why](ServerConnection& connection) { connection.Close(why); });
  ForEach(in_process_, [&why](InProcessServerConnection& connection) { connection.Close(why); });
}

std::vector<std::string> Shard::RunningMethods() const {
  std::vector<std::string> methods;
  auto& calls = const_cast<IntrusiveList<ServerCall>&>(environment_.calls);
  ForEach(calls, [&methods](ServerCall& call) { methods.emplace_back(call.info().path); });
  return methods;
}

std::size_t Shard::idle_calls() const {
  std::size_t idle = 0;
  for (const std::unique_ptr<MethodPool>& pool : pools_) idle += pool->idle();
  return idle;
}

void Shard::Forget(ServerConnection& connection, const absl::Status& why) {
  if (!why.ok() && LogEnabled(LogLevel::kInfo))
    Log(LogLevel::kInfo, {why.message().data(), why.message().size()});
  delete &connection;
  connection_count_.fetch_sub(1, std::memory_order_relaxed);
  ScheduleCheck();
}

void Shard::Forget(InProcessServerConnection& connection) {
  delete &connection;
  connection_count_.fetch_sub(1, std::memory_order_relaxed);
  ScheduleCheck();
}

void Shard::OnLoopEnd() {
  EndAll();
  memory_.Leave();
  // What was not told by Forget.
  CheckDone();
  if (!environment_.loop.Post(last_resident_)) LoopIsOver();
}

void Shard::LoopIsOver() {
  // What the others on this loop have ended may have woken handlers.
  environment_.loop.RunReady();
  // Handlers that still run, on workers or for want of an await, can't come back here: the server's
  // destructor sees to them.
  if (absl::AnyInvocable<void()> done = std::exchange(done_, nullptr)) done();
  loop_over_.store(true, std::memory_order_release);
  loop_over_.notify_all();
}

void Shard::EndAll() {
  draining_ = true;
  endpoint_.Close();
  Abandon();
  ForEach(connections_, [this](ServerConnection& connection) {
    delete &connection;
    connection_count_.fetch_sub(1, std::memory_order_relaxed);
  });
  ForEach(in_process_, [this](InProcessServerConnection& connection) {
    delete &connection;
    connection_count_.fetch_sub(1, std::memory_order_relaxed);
  });
}

std::size_t Shard::Trim(TimePoint now) {
  streams_.Trim();
  blocks_.Trim(now);
  std::size_t kept = 0;
  for (const std::unique_ptr<MethodPool>& pool : pools_) kept += pool->Trim();
  return streams_.stats().idle + blocks_.stats().bytes_idle + kept;
}

std::size_t Shard::HeapBytes() const {
  const BlockPool::Stats& blocks = blocks_.stats();
  return blocks.bytes_in_use + blocks.bytes_idle + streams_.stats().bytes +
         environment_.existing_calls * sizeof(ServerCall);
}

void Shard::ScheduleCheck() {
  if (done_ && !checker_.queued()) environment_.loop.Schedule(checker_);
}

void Shard::CheckDone() {
  if (!done_ || !connections_.empty() || !in_process_.empty() || !environment_.calls.empty())
    return;
  absl::AnyInvocable<void()> done = std::move(done_);
  done_ = nullptr;
  done();
}

}  // namespace weft::internal
