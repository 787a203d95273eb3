#include "weft/mock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "greeter.weft.mock.h"

namespace services_test {
namespace {

using ::testing::_;
using ::testing::NiceMock;
using ::testing::Property;
using ::testing::Return;

Note MakeNote(std::string_view text) {
  Note note;
  note.set_text(text.data(), text.size());
  return note;
}

// Code under test: knows an ordinary stub only.
class Town {
 public:
  explicit Town(Greeter::Stub greeter) : greeter_(greeter) {}

  std::string Greet(std::string_view name) {
    const absl::StatusOr<Note> reply = greeter_.SayHello(MakeNote(name)).Wait();
    return reply.ok() ? reply->text() : std::string(reply.status().message());
  }
  std::vector<std::string> GreetEverywhere(absl::Status& status) {
    std::vector<std::string> texts;
    weft::ClientReader<Note> replies = greeter_.SayEverywhere(MakeNote("all"));
    Note note;
    while (replies.Read(note).Wait()) texts.push_back(note.text());
    status = replies.Finish().Wait();
    return texts;
  }
  std::string Collect(const std::vector<std::string>& texts) {
    weft::ClientWriter<Note, Note> writer = greeter_.Collect();
    for (const std::string& text : texts) {
      if (!writer.Write(MakeNote(text)).Wait().ok()) break;
    }
    const absl::StatusOr<Note> total = writer.Finish().Wait();
    return total.ok() ? total->text() : std::string(total.status().message());
  }
  std::string Chat(std::string_view text) {
    weft::ClientReaderWriter<Note, Note> chat = greeter_.Chat();
    if (!chat.Write(MakeNote(text)).Wait().ok()) return "not written";
    Note answer;
    if (!chat.Read(answer).Wait()) return "no answer";
    return chat.Finish().Wait().ok() ? answer.text() : "failed";
  }

 private:
  Greeter::Stub greeter_;
};

TEST(MockTest, UnaryCallIsAnsweredByAnExpectation) {
  Greeter::MockStub mock;
  EXPECT_CALL(mock, SayHello(_, Property(&Note::text, "Ann"), _))
      .WillOnce([](weft::ServerContext&, const Note& request, Note& reply) {
        reply.set_text("Hello, " + request.text());
        return absl::OkStatus();
      })
      .WillOnce(Return(absl::UnavailableError("asleep")));
  Town town(mock.stub());
  EXPECT_EQ(town.Greet("Ann"), "Hello, Ann");
  EXPECT_EQ(town.Greet("Ann"), "asleep");
}

TEST(MockTest, ServerStreamIsWrittenByAnAction) {
  Greeter::MockStub mock;
  EXPECT_CALL(mock, SayEverywhere)
      .WillOnce([](weft::ServerContext&, const Note&, weft::BlockingWriter<Note>& writer) {
        for (std::string_view text : {"hello", "salut", "hallo"}) {
          absl::Status written = writer.Write(MakeNote(text));
          if (!written.ok()) return written;
        }
        return absl::AbortedError("no more languages");
      });
  absl::Status status;
  EXPECT_EQ(Town(mock.stub()).GreetEverywhere(status),
            (std::vector<std::string>{"hello", "salut", "hallo"}));
  EXPECT_EQ(status, absl::AbortedError("no more languages"));
}

TEST(MockTest, ClientStreamIsReadByAnAction) {
  Greeter::MockStub mock;
  EXPECT_CALL(mock, Collect)
      .WillOnce([](weft::ServerContext&, weft::BlockingReader<Note>& reader, Note& reply) {
        Note note;
        while (reader.Read(note)) reply.set_text(reply.text() + note.text());
        return absl::OkStatus();
      });
  EXPECT_EQ(Town(mock.stub()).Collect({"a", "b", "c"}), "abc");
}

TEST(MockTest, BidirectionalStreamIsAnsweredByAnAction) {
  Greeter::MockStub mock;
  EXPECT_CALL(mock, Chat)
      .WillOnce([](weft::ServerContext&, weft::BlockingReaderWriter<Note, Note>& stream) {
        Note note;
        while (stream.Read(note)) {
          absl::Status written = stream.Write(MakeNote("re: " + note.text()));
          if (!written.ok()) return written;
        }
        return absl::OkStatus();
      });
  EXPECT_EQ(Town(mock.stub()).Chat("hi"), "re: hi");
}

TEST(MockTest, CallWithoutAnExpectationGivesTheDefault) {
  NiceMock<Greeter::MockStub> mock;
  EXPECT_EQ(Town(mock.stub()).Greet("Ann"), "");
}

TEST(MockTest, SeveralThreadsMayUseOneMock) {
  NiceMock<Greeter::MockStub> mock;
  ON_CALL(mock, SayHello).WillByDefault([](weft::ServerContext&, const Note& in, Note& out) {
    out = in;
    return absl::OkStatus();
  });
  EXPECT_CALL(mock, SayHello).Times(200);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&mock] {
      Town town(mock.stub());
      for (int call = 0; call < 50; ++call) EXPECT_EQ(town.Greet("x"), "x");
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(MockTest, StubThatOutlivesItsMockIsUnavailable) {
  std::optional<Greeter::MockStub> mock(std::in_place);
  const Greeter::Stub stub = mock->stub();
  mock.reset();
  EXPECT_EQ(stub.SayHello(MakeNote("x")).Wait().status().code(), absl::StatusCode::kUnavailable);
}

TEST(MockTest, ServiceWithoutMethodsCanBeMocked) {
  Nothing::MockStub mock;
  static_cast<void>(mock.stub());
}

}  // namespace
}  // namespace services_test
