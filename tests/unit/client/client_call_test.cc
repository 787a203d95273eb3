// A call from inside, step by step: its loop makes a pass only when told to, so every interleaving
// of the user's steps with the loop's is certain.
#include "client/client_call.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"

#include "buffer/external_buffer.h"
#include "buffer/limits.h"
#include "client/channel_core.h"
#include "client/client_connection.h"
#include "client/client_shard.h"
#include "test_service.pb.h"
#include "weft/client_context.h"
#include "weft/event_loop.h"

namespace weft::internal {
namespace {

using absl::StatusCode;
using ::weft::testing::TestReply;
using ::weft::testing::TestRequest;

constexpr MethodInfo kUnary{
    "/test.Service/Unary", MethodKind::kUnary,
    []() -> const google::protobuf::MessageLite& { return TestRequest::default_instance(); },
    []() -> const google::protobuf::MessageLite& { return TestReply::default_instance(); }, false};

constexpr MethodInfo kServerStream{"/test.Service/ServerStream", MethodKind::kServerStream,
                                   kUnary.request, kUnary.reply, false};

// Keeps what is said to it.
class FakeStream final : public HttpStream {
 public:
  void SendHead(int, bool) override {}
  void BodyAppended() override {}
  void SendEnd() override {}
  void Reset(StreamError error) override { reset = error; }
  void ReturnCredit(std::size_t n) override {
    ++credits;
    credited += n;
  }
  void SetPriority(Priority) override {}
  Priority SetDefaultPriority(Priority priority) override { return priority; }
  std::uint32_t id() const override { return 1; }

  StreamError reset = StreamError::kNoError;
  std::size_t credits = 0;  // how often
  std::size_t credited = 0;
};

class FakeConnection final : public ClientConnection {
 public:
  bool can_open() const override { return true; }
  HttpStream& OpenStream(HttpStreamEvents& to, std::string_view, std::optional<Priority>) override {
    events = &to;
    return stream;
  }
  void Drain() override {}
  void Close(const absl::Status&) override {}
  const std::string& peer() const override { return peer_; }
  std::string_view user_agent() const override { return "fake"; }

  FakeStream stream;
  HttpStreamEvents* events = nullptr;

 private:
  const std::string peer_ = "fake";
};

class ClientCallTest : public ::testing::Test {
 protected:
  ClientCallTest()
      : core_(std::make_shared<ChannelCore>("unix:/nowhere/at/all", nullptr,
                                            ChannelOptions().add_loop(loop_))),
        shard_(std::make_unique<ClientShard>(*core_, loop_)) {}
  ~ClientCallTest() override {
    shard_->Shutdown(absl::UnavailableError("the test is over"));
    loop_.RunOnce();
    core_->Shutdown();
  }

  CallHandle NewCall(ClientContext* context, const MethodInfo& method = kUnary) {
    CallHandle call(new ClientCall());
    (*call).Prepare(core_, *shard_, method, context);
    return call;
  }
  static absl::Status StatusOf(ClientCall& call) {
    return call.slot(ClientWait::Step::kFinish).done() ? call.TakeFinish(MessageTarget())
                                                       : absl::UnknownError("it still runs");
  }
  // What the user is told of a stream that was closed so.
  absl::Status ClosedWith(const StreamClose& close) {
    ClientContext context;
    context.set_wait_for_ready(true);  // nobody answers at the channel's target
    CallHandle call = NewCall(&context);
    (*call).SetRequest(MessageInput::Borrow(TestRequest::default_instance()));
    FakeConnection connection;
    absl::Status status;
    loop_.Post([&] {
      (*call).Start();
      (*call).Open(connection);
      connection.events->OnClosed(close);
      status = StatusOf(*call);
    });
    loop_.RunOnce();
    return status;
  }

  EventLoop loop_;
  std::shared_ptr<ChannelCore> core_;
  std::unique_ptr<ClientShard> shard_;
};

// Another thread cancels as soon as the context knows the call, and the loop is faster than the
// thread that still makes it.
TEST_F(ClientCallTest, CancelThatIsFasterThanTheStartIsKept) {
  ClientContext context;
  CallHandle call = NewCall(&context);
  context.Cancel();
  loop_.RunOnce();
  (*call).SetRequest(MessageInput::Borrow(TestRequest::default_instance()));
  (*call).Start();
  loop_.RunOnce();
  EXPECT_EQ(StatusOf(*call).code(), StatusCode::kCancelled) << StatusOf(*call);
}

TEST_F(ClientCallTest, CreditForMessagesThatAreReadGoesBackInStepsAndAllOfItWhenAReaderWaits) {
  constexpr std::size_t kMessages = 2000;
  TestReply message;
  message.set_text("thirty-two bytes of one message.");
  const std::string bytes = message.SerializeAsString();
  const std::string envelope = std::string(4, '\0') + static_cast<char>(bytes.size()) + bytes;
  std::string body;
  for (std::size_t i = 0; i < kMessages; ++i) body += envelope;
  ClientContext context;
  context.set_wait_for_ready(true);  // nobody answers at the channel's target
  CallHandle call = NewCall(&context, kServerStream);
  (*call).SetRequest(MessageInput::Borrow(TestRequest::default_instance()));
  FakeConnection connection;
  loop_.Post([&] {
    (*call).Start();
    (*call).Open(connection);
    HttpHead head;
    head.status = 200;
    head.fields.AddStatic("content-type", "application/grpc");
    connection.events->OnHead(head, false);
    connection.events->OnBody(SliceOfString(body));
    for (std::size_t i = 0; i < kMessages; ++i) {
      ASSERT_TRUE((*call).Begin(ClientWait::Step::kRead));
      TestReply reply;
      ASSERT_TRUE((*call).TakeRead(&reply));
    }
    EXPECT_LE(connection.stream.credits, body.size() / kCreditStep);
    EXPECT_GT(connection.stream.credited, body.size() - kCreditStep);
    EXPECT_FALSE((*call).Begin(ClientWait::Step::kRead));
    EXPECT_EQ(connection.stream.credited, body.size());
    connection.events->OnClosed(StreamClose());
  });
  loop_.RunOnce();
}

TEST_F(ClientCallTest, CancelBetweenPrepareAndStartArrivesWithTheStart) {
  ClientContext context;
  CallHandle call = NewCall(&context);
  context.Cancel();
  (*call).SetRequest(MessageInput::Borrow(TestRequest::default_instance()));
  (*call).Start();
  loop_.RunOnce();
  EXPECT_EQ(StatusOf(*call).code(), StatusCode::kCancelled) << StatusOf(*call);
}

TEST_F(ClientCallTest, StreamThatOutgrewTheProtocolsLimitIsResourceExhausted) {
  const absl::Status why = absl::ResourceExhaustedError("the metadata is too large");
  for (const auto cause : {StreamClose::Cause::kProtocol, StreamClose::Cause::kLocalReset}) {
    EXPECT_EQ(ClosedWith({cause, StreamError::kInternalError, why}), why);
  }
}

TEST_F(ClientCallTest, PeerThatBrokeTheProtocolIsInternal) {
  const absl::Status status =
      ClosedWith({StreamClose::Cause::kProtocol, StreamError::kProtocolError,
                  absl::UnavailableError("two heads")});
  EXPECT_EQ(status, absl::InternalError("the server broke the protocol: two heads"));
}

}  // namespace
}  // namespace weft::internal
