#include "transport/in_process.h"

#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <random>
#include <thread>

#include "base/random.h"
#include "buffer/buf_list_ops.h"
#include "buffer/external_buffer.h"
#include "buffer/limits.h"
#include "weft/event_loop.h"

namespace weft::internal {
namespace {

using Cause = StreamClose::Cause;

// Notes what one end hears, and what it is told to do about it.
class End final : public HttpStreamEvents {
 public:
  explicit End(EventLoop& loop) : loop_(loop) {}

  void OnHead(HttpHead& received, bool end) override {
    Note(end ? "head." : "head");
    std::swap(head, received);
  }
  void OnBody(Slice slice) override {
    if (log.empty() || log.back() != "body") Note("body");
    body.append(slice.view());
    if (return_credit) stream->ReturnCredit(slice.size());
    if (echo) {
      stream->outbound().Append(loop_.core().chunks(), slice.view());
      stream->BodyAppended();
    }
    if (reset_at <= body.size()) stream->Reset(StreamError::kInternalError);
  }
  void OnEnd(HeaderList& list) override {
    Note("end");
    trailers.Swap(list);
    if (echo) stream->SendEnd();
  }
  void OnDrained() override { Note("drained"); }
  void OnClosed(const StreamClose& how) override {
    Note("closed");
    ++times_closed;
    close = how;
    if (on_closed) on_closed();
  }

  void Send(std::string_view text) {
    stream->outbound().Append(loop_.core().chunks(), text);
    stream->BodyAppended();
  }

  HttpStream* stream = nullptr;
  HttpHead head;
  std::string body;
  HeaderList trailers;
  StreamClose close;
  int times_closed = 0;
  bool return_credit = true;
  bool echo = false;
  std::size_t reset_at = static_cast<std::size_t>(-1);
  std::function<void()> on_closed;
  std::vector<std::string> log;

 private:
  void Note(std::string what) {
    EXPECT_TRUE(loop_.OnThread());
    EXPECT_EQ(times_closed, 0) << what << " after the close";
    log.push_back(std::move(what));
  }

  EventLoop& loop_;
};

// A server that keeps what comes.
class FakeServer final : public InProcessEndpoint::Acceptor,
                         public StreamAcceptor,
                         public InProcessSide::Owner {
 public:
  explicit FakeServer(EventLoop& loop, std::size_t max_streams = 100)
      : loop_(loop), endpoint(std::in_place, loop.core(), max_streams, *this) {}

  void OnInProcessClient(std::shared_ptr<InProcessPipe> pipe) override {
    EXPECT_TRUE(loop_.OnThread());
    if (!refuse_with.ok()) {
      pipe->Refuse(refuse_with);
      return;
    }
    side = std::make_unique<InProcessSide>(std::move(pipe), *this, *this);
  }
  HttpStreamEvents* OnRequest(HttpStream& stream, HttpHead& head, bool) override {
    ends.push_back(std::make_unique<End>(loop_));
    End& end = *ends.back();
    end.stream = &stream;
    std::swap(end.head, head);
    end.echo = echo;
    if (on_request) on_request(end);
    return &end;
  }
  void OnSideClosed(const absl::Status& why) override {
    closed = why;
    side.reset();
  }

 private:
  EventLoop& loop_;

 public:
  std::optional<InProcessEndpoint> endpoint;
  std::vector<std::unique_ptr<End>> ends;
  std::unique_ptr<InProcessSide> side;
  absl::Status refuse_with;
  std::optional<absl::Status> closed;
  bool echo = false;
  std::function<void(End&)> on_request;
};

class FakeClient final : public InProcessSide::Owner {
 public:
  FakeClient(EventLoop& loop, InProcessEndpoint& server)
      : loop_(loop), side(InProcessSide::Connect(loop.core(), server, *this)) {}

  void OnUp() override {
    up = true;
    if (on_up) on_up();
  }
  void OnGoingAway() override { going_away = true; }
  void OnCapacity() override { ++capacity; }
  void OnSideClosed(const absl::Status& why) override {
    EXPECT_FALSE(closed.has_value());
    closed = why;
    side.reset();
    if (on_closed) on_closed();
  }

  // A request whose head is on its way.
  End& Open() {
    ends.push_back(std::make_unique<End>(loop_));
    End& end = *ends.back();
    end.stream = &side->OpenStream(end, "inproc", "/s/M");
    end.stream->head_to_send().Add("te", "trailers");
    end.stream->SendHead(0, false);
    return end;
  }

 private:
  EventLoop& loop_;

 public:
  std::function<void()> on_up;
  std::function<void()> on_closed;
  bool up = false;
  bool going_away = false;
  int capacity = 0;
  std::optional<absl::Status> closed;
  std::vector<std::unique_ptr<End>> ends;
  std::unique_ptr<InProcessSide> side;
};

// Both sides on one loop, which runs when it is told to.
class InProcessTest : public ::testing::Test {
 protected:
  void Connect() {
    client_.emplace(loop_, *server_.endpoint);
    Run();
    ASSERT_TRUE(client_->up);
  }
  // All queues run dry in one pass.
  void Run() { loop_.RunOnce(); }
  End& ServerEnd() { return *server_.ends.back(); }

  EventLoop loop_;
  FakeServer server_{loop_, 3};
  std::optional<FakeClient> client_;
};

TEST_F(InProcessTest, RequestAndReplyCrossInOrder) {
  Connect();
  End& end = client_->Open();
  end.Send("question");
  end.stream->SendEnd();
  Run();
  ASSERT_EQ(server_.ends.size(), 1u);
  End& served = ServerEnd();
  EXPECT_EQ(served.head.method, "POST");
  EXPECT_EQ(served.head.path, "/s/M");
  EXPECT_EQ(served.head.authority, "inproc");
  EXPECT_EQ(served.head.fields.Find("te"), "trailers");
  EXPECT_EQ(served.body, "question");
  EXPECT_EQ(served.log, (std::vector<std::string>{"body", "end"}));

  served.stream->head_to_send().Add("a", "b");
  served.stream->SendHead(200, false);
  served.Send("answer");
  served.stream->trailers_to_send().Add("grpc-status", "0");
  served.stream->SendEnd();
  Run();
  EXPECT_EQ(end.head.status, 200);
  EXPECT_EQ(end.head.fields.Find("a"), "b");
  EXPECT_EQ(end.body, "answer");
  EXPECT_EQ(end.trailers.Find("grpc-status"), "0");
  EXPECT_EQ(end.log, (std::vector<std::string>{"head", "body", "end", "closed"}));
  EXPECT_EQ(end.close.cause, Cause::kComplete);
  EXPECT_EQ(served.log, (std::vector<std::string>{"body", "end", "closed"}));
  EXPECT_EQ(served.close.cause, Cause::kComplete);
}

TEST_F(InProcessTest, NothingIsToldFromInsideACall) {
  Connect();
  End& end = client_->Open();
  end.Send("x");
  EXPECT_TRUE(server_.ends.empty());
  end.stream->Reset(StreamError::kCancel);
  EXPECT_TRUE(end.log.empty());
  Run();
  EXPECT_EQ(end.log, (std::vector<std::string>{"closed"}));
  EXPECT_EQ(end.close.cause, Cause::kLocalReset);
}

TEST_F(InProcessTest, BodyCrossesWithoutACopy) {
  Connect();
  End& end = client_->Open();
  static constexpr std::string_view kBytes = "static bytes";
  const char* seen = nullptr;
  server_.on_request = [](End& served) { served.return_credit = false; };
  class Spy final : public HttpStreamEvents {
   public:
    explicit Spy(const char*& first) : first_(first) {}
    void OnHead(HttpHead&, bool) override {}
    void OnBody(Slice slice) override { first_ = slice.data(); }
    void OnEnd(HeaderList&) override {}
    void OnDrained() override {}
    void OnClosed(const StreamClose&) override {}

   private:
    const char*& first_;
  } spy(seen);
  HttpStream& stream = client_->side->OpenStream(spy, "inproc", "/s/M");
  stream.SendHead(0, false);
  Run();
  ServerEnd().stream->outbound().AppendRef(Slice::Static(kBytes));
  ServerEnd().stream->BodyAppended();
  Run();
  EXPECT_EQ(seen, kBytes.data());
  end.stream->Reset(StreamError::kCancel);
  client_->side.reset();
}

TEST_F(InProcessTest, HeadOutlivesItsSender) {
  Connect();
  {
    std::string value = "gone soon";
    client_->ends.push_back(std::make_unique<End>(loop_));
    HttpStream& stream = client_->side->OpenStream(*client_->ends.back(), "host", "/p");
    stream.head_to_send().AddStatic("x", value);
    stream.SendHead(0, false);
  }
  Run();
  client_->side.reset();
  Run();
  EXPECT_EQ(ServerEnd().head.fields.Find("x"), "gone soon");
  EXPECT_EQ(ServerEnd().head.path, "/p");
  EXPECT_EQ(ServerEnd().close.cause, Cause::kConnectionLost);
}

TEST_F(InProcessTest, HeadThatEndsIsAllOfTheAnswer) {
  Connect();
  server_.on_request = [](End& served) {
    served.stream->head_to_send().AddStatic("grpc-status", "12");
    served.stream->SendHead(200, true);
  };
  End& end = client_->Open();
  end.Send("nobody reads this");
  Run();
  EXPECT_EQ(end.log, (std::vector<std::string>{"head.", "closed"}));
  EXPECT_EQ(end.close.cause, Cause::kComplete);
  EXPECT_EQ(ServerEnd().log, (std::vector<std::string>{"closed"}));
}

TEST_F(InProcessTest, AnswerBeforeTheRequestEndsClosesBothSides) {
  Connect();
  End& end = client_->Open();
  Run();
  ServerEnd().stream->SendHead(200, false);
  ServerEnd().stream->SendEnd();
  end.Send("crosses the answer");
  Run();
  EXPECT_EQ(end.close.cause, Cause::kComplete);
  EXPECT_EQ(end.times_closed, 1);
  EXPECT_EQ(ServerEnd().times_closed, 1);
}

TEST_F(InProcessTest, UnreadBytesHoldTheWriterUntilCreditReturns) {
  Connect();
  server_.on_request = [](End& served) { served.return_credit = false; };
  End& end = client_->Open();
  const std::string block(16 * kKiB, 'x');
  std::size_t sent = 0;
  while (!end.stream->above_high_mark()) {
    end.Send(block);
    sent += block.size();
    Run();
  }
  End& served = ServerEnd();
  EXPECT_EQ(served.body.size(), 64 * kKiB);
  EXPECT_GT(sent, served.body.size() + kStreamHighMark);
  EXPECT_LE(sent, served.body.size() + kStreamHighMark + block.size());
  EXPECT_TRUE(end.log.empty());

  served.stream->ReturnCredit(64 * kKiB);
  Run();
  EXPECT_EQ(served.body.size(), 128 * kKiB);
  EXPECT_EQ(end.log, (std::vector<std::string>{"drained"}));
  end.stream->SendEnd();
  served.stream->ReturnCredit(64 * kKiB);
  Run();
  EXPECT_EQ(served.body.size(), sent);
  EXPECT_EQ(served.log.back(), "end");
  end.stream->Reset(StreamError::kCancel);
  Run();
}

TEST_F(InProcessTest, EndWaitsForTheBytesBeforeIt) {
  Connect();
  End& end = client_->Open();
  end.return_credit = false;
  Run();
  End& served = ServerEnd();
  served.stream->SendHead(200, false);
  served.Send(std::string(100 * kKiB, 'y'));
  served.stream->SendEnd();
  Run();
  EXPECT_EQ(end.log, (std::vector<std::string>{"head", "body"}));
  EXPECT_TRUE(served.log.empty());
  end.stream->ReturnCredit(64 * kKiB);
  Run();
  EXPECT_EQ(end.body.size(), 100 * kKiB);
  EXPECT_EQ(end.log.back(), "closed");
  EXPECT_EQ(served.log.back(), "closed");
}

TEST_F(InProcessTest, ResetComesAfterWhatWasSent) {
  Connect();
  End& end = client_->Open();
  end.Send("before");
  Run();
  end.Send(" and more");
  end.stream->Reset(StreamError::kCancel);
  Run();
  EXPECT_EQ(ServerEnd().body, "before and more");
  EXPECT_EQ(ServerEnd().close.cause, Cause::kPeerReset);
  EXPECT_EQ(ServerEnd().close.error, StreamError::kCancel);
  EXPECT_EQ(end.times_closed, 1);
}

// Its release function may use the pipe: no lock is held.
TEST_F(InProcessTest, WhatCameAfterTheEndIsLetGoWithoutALock) {
  Connect();
  End& other = client_->Open();
  End& end = client_->Open();
  end.Send("first");
  Run();
  bool released = false;
  ServerEnd().on_closed = [&] {
    end.stream->outbound().AppendRef(SliceOfBytes("too late", [&] {
      released = true;
      other.Send("from the release function");
    }));
    end.stream->BodyAppended();
  };
  ServerEnd().stream->Reset(StreamError::kInternalError);
  Run();
  EXPECT_TRUE(released);
  EXPECT_EQ(end.times_closed, 1);
  EXPECT_EQ(server_.ends.front()->body, "from the release function");
}

TEST_F(InProcessTest, ServersResetReachesTheClient) {
  Connect();
  server_.on_request = [](End& served) { served.reset_at = 3; };
  End& end = client_->Open();
  end.Send("abc");
  Run();
  EXPECT_EQ(end.close.cause, Cause::kPeerReset);
  EXPECT_EQ(end.close.error, StreamError::kInternalError);
  EXPECT_EQ(ServerEnd().close.cause, Cause::kLocalReset);
}

TEST_F(InProcessTest, StreamThatNeverBeganIsNotSeen) {
  Connect();
  client_->ends.push_back(std::make_unique<End>(loop_));
  End& end = *client_->ends.back();
  client_->side->OpenStream(end, "inproc", "/s/M").Reset(StreamError::kCancel);
  Run();
  EXPECT_EQ(end.times_closed, 1);
  EXPECT_TRUE(server_.ends.empty());
}

TEST_F(InProcessTest, SideThatDiesEndsTheStreamsOfBoth) {
  Connect();
  End& end = client_->Open();
  Run();
  server_.side.reset();
  EXPECT_EQ(ServerEnd().close.cause, Cause::kConnectionLost);
  Run();
  EXPECT_EQ(end.close.cause, Cause::kConnectionLost);
  EXPECT_EQ(end.close.status.code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(client_->closed.has_value());
  EXPECT_EQ(client_->closed->code(), absl::StatusCode::kUnavailable);
}

TEST_F(InProcessTest, CloseTellsTheClientAfterWhatTheServerSaidLast) {
  Connect();
  End& end = client_->Open();
  Run();
  ServerEnd().stream->head_to_send().AddStatic("grpc-status", "14");
  ServerEnd().stream->SendHead(200, true);
  server_.side->Close(absl::UnavailableError("the server is shutting down"));
  EXPECT_EQ(ServerEnd().times_closed, 1);
  EXPECT_FALSE(server_.closed.has_value());
  Run();
  EXPECT_EQ(end.log, (std::vector<std::string>{"head.", "closed"}));
  EXPECT_EQ(end.close.cause, Cause::kComplete);
  EXPECT_EQ(server_.closed, absl::UnavailableError("the server is shutting down"));
  EXPECT_EQ(client_->closed, absl::UnavailableError("the server is shutting down"));
}

TEST_F(InProcessTest, DrainLetsOpenStreamsEndAndTakesNoMore) {
  Connect();
  End& end = client_->Open();
  Run();
  server_.side->Drain();
  End& late = client_->Open();  // the client has not heard yet
  Run();
  EXPECT_TRUE(client_->going_away);
  EXPECT_FALSE(client_->side->can_open());
  EXPECT_EQ(late.close.cause, Cause::kGoAway);
  EXPECT_EQ(end.times_closed, 0);
  EXPECT_FALSE(server_.closed.has_value());
  ServerEnd().stream->SendHead(200, true);
  Run();
  EXPECT_EQ(end.close.cause, Cause::kComplete);
  EXPECT_EQ(server_.closed, absl::OkStatus());
  EXPECT_EQ(client_->closed, absl::OkStatus());
}

TEST_F(InProcessTest, DrainTakesWhatWasOnItsWay) {
  Connect();
  End& end = client_->Open();
  server_.side->Drain();
  Run();
  ASSERT_EQ(server_.ends.size(), 1u);
  ServerEnd().stream->SendHead(200, true);
  Run();
  EXPECT_EQ(end.close.cause, Cause::kComplete);
}

TEST_F(InProcessTest, DrainWithoutStreamsCloses) {
  Connect();
  server_.side->Drain();
  Run();
  EXPECT_EQ(server_.closed, absl::OkStatus());
  EXPECT_EQ(client_->closed, absl::OkStatus());
}

TEST_F(InProcessTest, ClientDrains) {
  Connect();
  End& end = client_->Open();
  client_->side->Drain();
  EXPECT_FALSE(client_->side->can_open());
  Run();
  EXPECT_FALSE(client_->closed.has_value());
  ServerEnd().stream->SendHead(200, true);
  Run();
  EXPECT_EQ(end.close.cause, Cause::kComplete);
  EXPECT_EQ(client_->closed, absl::OkStatus());
  EXPECT_TRUE(server_.closed.has_value());
}

TEST_F(InProcessTest, RefusedClientHearsWhy) {
  server_.refuse_with = absl::UnavailableError("not now");
  client_.emplace(loop_, *server_.endpoint);
  Run();
  EXPECT_FALSE(client_->up);
  EXPECT_EQ(client_->closed, absl::UnavailableError("not now"));
}

TEST_F(InProcessTest, ServerThatDiesBeforeItAnswersRefuses) {
  client_.emplace(loop_, *server_.endpoint);
  server_.endpoint.reset();
  Run();
  ASSERT_TRUE(client_->closed.has_value());
  EXPECT_EQ(client_->closed->code(), absl::StatusCode::kUnavailable);
}

TEST_F(InProcessTest, ClientThatDiesBeforeItIsTakenLeavesNothing) {
  client_.emplace(loop_, *server_.endpoint);
  client_.reset();
  Run();
  EXPECT_EQ(server_.side, nullptr);
}

// Both sides on loops of their own, which run when they are told to: the client's first words are
// under way together with its knock.
class InProcessLoopsTest : public ::testing::Test {
 protected:
  EventLoop there_;
  EventLoop here_;
  FakeServer server_{there_};
  FakeClient client_{here_, *server_.endpoint};
};

TEST_F(InProcessLoopsTest, ClientThatDiesBeforeItIsTakenLeavesNothing) {
  client_.side.reset();
  there_.RunOnce(Duration::zero());
  there_.RunOnce(Duration::zero());
  EXPECT_EQ(server_.side, nullptr);
  EXPECT_TRUE(server_.closed.has_value());
}

TEST_F(InProcessLoopsTest, ClientThatClosesBeforeItIsTakenLeavesNothing) {
  client_.side->Close(absl::CancelledError("no longer needed"));
  here_.RunOnce(Duration::zero());
  there_.RunOnce(Duration::zero());
  there_.RunOnce(Duration::zero());
  EXPECT_EQ(server_.side, nullptr);
  EXPECT_EQ(server_.closed, absl::CancelledError("no longer needed"));
}

TEST_F(InProcessLoopsTest, ClientThatDrainsBeforeItIsTakenLeavesNothing) {
  client_.side->Drain();
  for (int i = 0; i < 3; ++i) {
    here_.RunOnce(Duration::zero());
    there_.RunOnce(Duration::zero());
  }
  EXPECT_EQ(server_.side, nullptr);
  EXPECT_TRUE(server_.closed.has_value());
  EXPECT_TRUE(client_.closed.has_value());
}

TEST_F(InProcessLoopsTest, ClientWhoseLoopEndsBeforeItIsTakenLeavesNothing) {
  here_.Stop();
  here_.Run();
  client_.side.reset();
  there_.RunOnce(Duration::zero());
  there_.RunOnce(Duration::zero());
  EXPECT_EQ(server_.side, nullptr);
}

TEST_F(InProcessTest, StreamsAreLimitedAndRoomIsTold) {
  Connect();
  client_->Open();
  client_->Open();
  End& third = client_->Open();
  EXPECT_FALSE(client_->side->can_open());
  Run();
  EXPECT_EQ(client_->capacity, 0);
  third.stream->Reset(StreamError::kCancel);
  Run();
  EXPECT_EQ(client_->capacity, 1);
  EXPECT_TRUE(client_->side->can_open());
  client_->side.reset();
}

TEST_F(InProcessTest, StreamsAreUsedAgain) {
  Connect();
  server_.on_request = [](End& served) { served.stream->SendHead(200, true); };
  const HttpStream* first = client_->Open().stream;
  Run();
  End& second = client_->Open();
  EXPECT_EQ(second.stream, first);
  EXPECT_EQ(second.stream->head_to_send().size(), 1u);
  Run();
  EXPECT_EQ(second.close.cause, Cause::kComplete);
}

// A loop with a thread of its own.
class ThreadedLoop {
 public:
  ThreadedLoop() : thread_([this] { loop.Run(); }) {}
  ~ThreadedLoop() { Stop(); }
  void Stop() {
    loop.Stop();
    if (thread_.joinable()) thread_.join();
  }
  // Runs it there and waits for it.
  void Do(std::function<void()> fn) {
    std::promise<void> done;
    ASSERT_TRUE(loop.Post([&] {
      fn();
      done.set_value();
    }));
    done.get_future().wait();
  }

  EventLoop loop;

 private:
  std::thread thread_;
};

TEST(InProcessThreadsTest, StreamsOfTwoLoopsEchoAndEndOnceEach) {
  constexpr int kStreams = 200;
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  SeededRandom random(seed);
  ThreadedLoop here;
  ThreadedLoop there;
  std::optional<FakeServer> server;
  std::optional<FakeClient> client;
  there.Do([&] {
    server.emplace(there.loop, 100000);
    server->echo = true;
    server->on_request = [](End& end) { end.stream->SendHead(200, false); };
  });
  std::promise<void> finished;
  std::vector<std::string> sent;
  int open = kStreams;
  here.Do([&] {
    client.emplace(here.loop, *server->endpoint);
    client->on_up = [&] {
      for (int i = 0; i < kStreams; ++i) {
        End& end = client->Open();
        end.on_closed = [&] {
          if (--open == 0) finished.set_value();
        };
        sent.emplace_back(random.Next() % (200 * kKiB), static_cast<char>('a' + i % 26));
        if (i % 4 == 0) end.reset_at = random.Next() % (100 * kKiB);
        const std::string_view all = sent.back();
        for (std::size_t at = 0; at < all.size();) {
          const std::size_t part = 1 + random.Next() % (8 * kKiB);
          end.Send(all.substr(at, part));
          at += part;
        }
        end.stream->SendEnd();
      }
    };
  });
  finished.get_future().wait();
  here.Do([&] {
    for (std::size_t i = 0; i < kStreams; ++i) {
      const End& end = *client->ends[i];
      EXPECT_EQ(end.times_closed, 1);
      if (end.close.cause == Cause::kComplete) {
        EXPECT_EQ(end.body, sent[i]);
      } else {
        EXPECT_EQ(end.close.cause, Cause::kLocalReset);
        EXPECT_EQ(i % 4, 0u);
      }
    }
    client->side.reset();
  });
  // What the client said last has been posted before this.
  there.Do([&] {
    for (const auto& end : server->ends) EXPECT_EQ(end->times_closed, 1);
    EXPECT_TRUE(server->closed.has_value());
  });
}

TEST(InProcessThreadsTest, SidesMayDieAtTheSameTime) {
  ThreadedLoop here;
  ThreadedLoop there;
  for (int round = 0; round < 200; ++round) {
    std::optional<FakeServer> server;
    std::optional<FakeClient> client;
    there.Do([&] { server.emplace(there.loop); });
    here.Do([&] { client.emplace(here.loop, *server->endpoint); });
    here.Do([&] {
      if (client->side == nullptr || !client->side->can_open()) return;
      client->Open().Send("x");
    });
    std::promise<void> dead;
    ASSERT_TRUE(there.loop.Post([&] {
      server->side.reset();
      dead.set_value();
    }));
    here.Do([&] { client->side.reset(); });
    dead.get_future().wait();
    there.Do([&] { server.reset(); });
    here.Do([&] { client.reset(); });
  }
}

TEST(InProcessThreadsTest, LoopThatHasEndedIsNoServer) {
  ThreadedLoop here;
  ThreadedLoop there;
  std::optional<FakeServer> server;
  there.Do([&] { server.emplace(there.loop); });
  there.Stop();
  std::optional<FakeClient> client;
  std::promise<void> closed;
  here.Do([&] {
    client.emplace(here.loop, *server->endpoint);
    client->on_closed = [&] { closed.set_value(); };
  });
  closed.get_future().wait();
  here.Do([&] {
    EXPECT_FALSE(client->up);
    EXPECT_EQ(client->closed->code(), absl::StatusCode::kUnavailable);
    client.reset();
  });
}

}  // namespace
}  // namespace weft::internal
