#include "http1/server_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "buffer/limits.h"
#include "http1/limits.h"
#include "tests/unit/http1/codec_harness.h"

namespace weft::http1 {
namespace {

using internal::StreamClose;
using internal::StreamError;
using State = ServerCodec::ReadState;

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr std::string_view kPost = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view kChunkedPost =
    "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string ErrorAnswer(std::string_view status, const std::string& text) {
  return Answer(status,
                "connection: close\r\ncontent-length: " + std::to_string(text.size() + 1) +
                    "\r\ncontent-type: text/plain; charset=utf-8\r\n",
                text + "\n");
}

// ---- Requests and answers ----

TEST(ServerCodecTest, AnswersARequestAndStaysOpen) {
  CodecHarness h;
  h.Recv(kGet);
  ASSERT_EQ(h.served.size(), 1u);
  EXPECT_TRUE(h.last().end);
  EXPECT_EQ(h.codec->open_streams(), 1u);
  EXPECT_FALSE(h.codec->wants_write());
  h.last().Send(200, "yes");
  EXPECT_TRUE(h.codec->wants_write());
  EXPECT_EQ(h.Pull(), Answer200("yes"));
  EXPECT_TRUE(h.last().closed);
  EXPECT_EQ(h.last().close.cause, StreamClose::Cause::kComplete);
  EXPECT_EQ(h.codec->open_streams(), 0u);
  EXPECT_FALSE(h.codec->finished());
  h.Recv(kGet);
  EXPECT_EQ(h.served.size(), 2u);
  EXPECT_NE(h.served[0]->stream().id(), 0u);
}

TEST(ServerCodecTest, PipelinedRequestsAreAnsweredInOrderAtEveryCut) {
  const std::string input = std::string(kGet) + std::string(kPost) + std::string(kChunkedPost) +
                            "3\r\nabc\r\n0\r\nx: 1\r\n\r\n" + std::string(kGet);
  const std::string expected = Answer200("GET /a @h||") + Answer200("POST /a @h|hello|") +
                               Answer200("POST /a @h|abc|x=1;") + Answer200("GET /a @h||");
  for (std::size_t cut = 0; cut <= input.size(); ++cut) {
    CodecHarness h;
    h.on_request = Echo;
    h.Recv(input.substr(0, cut));
    std::string out = h.Pull();
    h.Recv(input.substr(cut));
    out += h.Pull(1);
    ASSERT_EQ(out, expected) << "cut at " << cut;
  }
  CodecHarness h;
  h.on_request = Echo;
  for (const char c : input) h.Recv(std::string_view(&c, 1));
  EXPECT_EQ(h.Pull(), expected);
  EXPECT_EQ(h.served.size(), 4u);
}

TEST(ServerCodecTest, NextHeadWaitsForTheAnswerBefore) {
  CodecHarness h;
  h.Recv(std::string(kGet) + std::string(kGet));
  EXPECT_EQ(h.served.size(), 1u);
  EXPECT_EQ(h.codec->read_state(), State::kResponding);
  h.last().stream().SendHead(200, false);
  h.last().Write("a");
  EXPECT_EQ(h.Pull(), Answer("200 OK", "transfer-encoding: chunked\r\n", "1\r\na\r\n"));
  EXPECT_EQ(h.served.size(), 1u);
  h.last().stream().SendEnd();
  EXPECT_EQ(h.Pull(), "0\r\n\r\n");
  EXPECT_EQ(h.served.size(), 2u);
}

TEST(ServerCodecTest, PipelinedInputIsBounded) {
  CodecHarness h;
  h.Recv(kGet);
  std::size_t sent = 0;
  const std::string more(1000, 'x');
  while (h.codec->wants_read()) {
    h.Recv(more);
    sent += more.size();
    ASSERT_LE(sent, kMaxPipelinedInput + more.size());
  }
  EXPECT_GE(sent, kMaxPipelinedInput);
  h.last().Send(200, "ok");
  h.Pull();
  EXPECT_TRUE(h.codec->wants_read());
}

TEST(ServerCodecTest, AnswerFormsByExactBytes) {
  struct Case {
    std::string_view request;
    int status;
    std::string_view body, trailer;
    bool known;  // the end is said before the head is pulled
    std::string expected;
  };
  const std::string get10 = "GET / HTTP/1.0\r\n\r\n";
  const std::string alive10 = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  const std::string close11 = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  const std::string head = "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n";
  const Case cases[] = {
      {kGet, 200, "", "", true, Answer("200 OK", "content-length: 0\r\n", "")},
      {kGet, 200, "body", "", true, Answer("200 OK", "content-length: 4\r\n", "body")},
      {kGet, 200, "body", "", false,
       Answer("200 OK", "transfer-encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n")},
      {kGet, 200, "body", "t", true,
       Answer("200 OK", "transfer-encoding: chunked\r\n", "4\r\nbody\r\n0\r\nt: v\r\n\r\n")},
      {kGet, 204, "body", "", true, Answer("204 No Content", "", "")},
      {kGet, 205, "body", "", true, Answer("205 Reset Content", "content-length: 0\r\n", "")},
      {kGet, 304, "body", "", false, Answer("304 Not Modified", "", "")},
      {head, 200, "body", "", true, Answer("200 OK", "content-length: 4\r\n", "")},
      {head, 200, "body", "t", true, Answer("200 OK", "content-length: 4\r\n", "")},
      {head, 200, "body", "", false, Answer("200 OK", "", "")},
      {head, 200, "", "", true, Answer("200 OK", "", "")},
      {get10, 200, "body", "", true,
       Answer("200 OK", "connection: close\r\ncontent-length: 4\r\n", "body")},
      {get10, 200, "body", "t", false, Answer("200 OK", "connection: close\r\n", "body")},
      {alive10, 200, "body", "t", true,
       Answer("200 OK", "connection: keep-alive\r\ncontent-length: 4\r\n", "body")},
      {alive10, 200, "body", "", false, Answer("200 OK", "connection: close\r\n", "body")},
      {close11, 200, "body", "", true,
       Answer("200 OK", "connection: close\r\ncontent-length: 4\r\n", "body")},
  };
  for (const Case& c : cases) {
    CodecHarness h;
    h.Recv(c.request);
    ASSERT_EQ(h.served.size(), 1u);
    std::string out;
    if (!c.trailer.empty()) h.last().stream().trailers_to_send().Add(c.trailer, "v");
    h.last().stream().SendHead(c.status, c.body.empty());
    if (!c.body.empty()) {
      if (!c.known) out += h.Pull();
      h.last().Write(c.body);
      if (!c.known) out += h.Pull();
      h.last().stream().SendEnd();
    }
    out += h.Pull();
    EXPECT_EQ(out, c.expected) << c.request;
    EXPECT_TRUE(h.last().closed);
    EXPECT_EQ(h.codec->finished(), c.expected.find("close") != std::string::npos) << c.expected;
  }
}

TEST(ServerCodecTest, DeclaredLengthIsKept) {
  CodecHarness h;
  h.Recv(kGet);
  h.last().stream().head_to_send().Add("content-length", "6");
  h.last().stream().SendHead(200, false);
  EXPECT_EQ(h.Pull(), Answer("200 OK", "content-length: 6\r\n", ""));
  h.last().Write("abc");
  EXPECT_EQ(h.Pull(), "abc");
  h.last().Write("def");
  h.last().stream().SendEnd();
  EXPECT_EQ(h.Pull(), "def");
  EXPECT_EQ(h.last().close.cause, StreamClose::Cause::kComplete);
}

TEST(ServerCodecTest, BodyThatBreaksItsLengthEndsTheConnection) {
  for (const std::string_view body : {"abc", "abcdefg"}) {
    CodecHarness h;
    h.Recv(kGet);
    h.last().stream().head_to_send().Add("content-length", "6");
    h.last().Send(200, body);
    h.Pull();
    EXPECT_EQ(h.last().close.cause, StreamClose::Cause::kLocalReset);
    EXPECT_EQ(h.last().close.error, StreamError::kInternalError);
    EXPECT_TRUE(h.codec->finished());
    EXPECT_FALSE(h.codec->failure().ok());
  }
}

TEST(ServerCodecTest, FieldThatWouldSplitTheAnswerBecomesA500) {
  CodecHarness h;
  h.Recv(kGet);
  h.last().stream().head_to_send().Add("x", "a\r\nset-cookie: b");
  h.last().Send(200, "body");
  EXPECT_EQ(h.Pull(), ErrorAnswer("500 Internal Server Error",
                                  "the answer could not be written as HTTP/1.1"));
  EXPECT_EQ(h.last().close.cause, StreamClose::Cause::kLocalReset);
  EXPECT_TRUE(h.codec->wants_shutdown());
}

TEST(ServerCodecTest, BadTrailerCutsTheAnswerBeforeItsEnd) {
  CodecHarness h;
  h.Recv(kGet);
  h.last().stream().trailers_to_send().Add("x", "a\nb");
  h.last().Send(200, "body");
  EXPECT_EQ(h.Pull(), Answer("200 OK", "transfer-encoding: chunked\r\n", "4\r\nbody\r\n"));
  EXPECT_EQ(h.last().close.cause, StreamClose::Cause::kLocalReset);
  EXPECT_TRUE(h.codec->finished());
}

TEST(ServerCodecTest, PullStopsSoonAboveItsBudget) {
  CodecHarness h;
  h.Recv(kGet);
  const std::string body(3 * kMaxSentChunk + 10, 'x');
  h.last().Send(200, body);
  internal::BufList out;
  std::vector<std::size_t> sizes;
  while (h.codec->wants_write()) {
    const std::size_t before = out.size();
    ASSERT_TRUE(h.codec->Pull(out, 1000).ok());
    sizes.push_back(out.size() - before);
  }
  EXPECT_EQ(Text(out), Answer200(body));
  EXPECT_GE(sizes.size(), 4u);
  EXPECT_LE(*std::max_element(sizes.begin(), sizes.end()), 1000 + kMaxSentChunk);
}

TEST(ServerCodecTest, DrainedIsToldOnceBelowTheLowMark) {
  CodecHarness h;
  h.Recv(kGet);
  ServedStream& s = h.last();
  s.stream().SendHead(200, false);
  s.Write(std::string(internal::kStreamHighMark, 'x'));
  EXPECT_FALSE(s.stream().above_high_mark());
  h.Pull();
  EXPECT_EQ(s.drained, 0);
  s.Write(std::string(internal::kStreamHighMark + 1, 'x'));
  EXPECT_TRUE(s.stream().above_high_mark());
  s.on_drained = [&s] { s.Write("more"); };
  const std::string out = h.Pull();
  EXPECT_EQ(s.drained, 1);
  EXPECT_TRUE(out.ends_with("4\r\nmore\r\n")) << "what was written from OnDrained goes out too";
  s.stream().SendEnd();
  EXPECT_EQ(h.Pull(), "0\r\n\r\n");
}

// ---- Request bodies ----

TEST(ServerCodecTest, UnreadBodyPausesReadsUntilItIsTaken) {
  CodecHarness h;
  h.on_request = [](ServedStream& s) { s.take_body = false; };
  h.Recv("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
  const std::string part(10000, 'x');
  std::size_t sent = 0;
  while (h.codec->wants_read()) {
    h.Recv(part);
    sent += part.size();
    ASSERT_LE(sent, kBodyHighMark + part.size());
  }
  EXPECT_EQ(h.last().body.size(), sent);
  h.last().stream().ReturnCredit(sent - kBodyLowMark - 1);
  EXPECT_FALSE(h.codec->wants_read());
  const int ready = h.output_ready;
  h.last().stream().ReturnCredit(1);
  EXPECT_TRUE(h.codec->wants_read());
  EXPECT_GT(h.output_ready, ready) << "the connection is told to ask again";
}

TEST(ServerCodecTest, PipelinedInputDoesNotPinTheChunksThatItCameIn) {
  CodecHarness h;
  h.on_request = [](ServedStream&) {};
  h.Recv("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::size_t before = h.pool.stats().bytes_in_use;
  std::size_t sent = 0;
  while (h.codec->wants_read()) {
    internal::ChunkRef chunk = h.pool.Acquire(internal::kReadChunkSize);
    std::memset(chunk->data(), 'x', 257);
    const std::string_view part(chunk->data(), 257);
    ASSERT_TRUE(h.codec->Recv(internal::Slice(std::move(chunk).ToOwner(), part)).ok());
    sent += 257;
  }
  EXPECT_LE(h.pool.stats().bytes_in_use - before, 2 * sent);
  h.codec->Abort(absl::CancelledError("the test is over"));
}

TEST(ServerCodecTest, ContinueIsSentWhenTheBodyIsAwaited) {
  const std::string head =
      "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  CodecHarness h;
  h.on_request = Echo;
  h.Recv(head);
  EXPECT_EQ(h.Pull(), "HTTP/1.1 100 Continue\r\n\r\n");
  h.Recv("ab");
  EXPECT_EQ(h.Pull(), Answer200("POST / @h|ab|"));
  EXPECT_FALSE(h.codec->finished());

  CodecHarness early;
  early.on_request = Echo;
  early.Recv(head + "a");
  EXPECT_FALSE(early.codec->wants_write()) << "who sends already does not wait";

  CodecHarness refusing;
  refusing.on_request = [](ServedStream& s) { s.Send(403, "no"); };
  refusing.Recv(head);
  EXPECT_EQ(refusing.Pull(),
            Answer("403 Forbidden", "connection: close\r\ncontent-length: 2\r\n", "no"));
  EXPECT_TRUE(refusing.codec->wants_shutdown());
}

TEST(ServerCodecTest, SmallRestOfABodyIsDroppedAfterAnEarlyAnswer) {
  CodecHarness h;
  h.on_request = [](ServedStream& s) { s.Send(403, "no"); };
  h.Recv("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(h.Pull(), Answer("403 Forbidden", "content-length: 2\r\n", "no"));
  EXPECT_EQ(h.last().close.cause, StreamClose::Cause::kComplete);
  EXPECT_EQ(h.codec->read_state(), State::kBody);
  h.on_request = Echo;
  h.Recv("defghij" + std::string(kGet));
  EXPECT_EQ(h.Pull(), Answer200("GET /a @h||"));
}

TEST(ServerCodecTest, LargeRestOfABodyClosesAfterAnEarlyAnswer) {
  for (const bool chunked : {false, true}) {
    CodecHarness h;
    h.on_request = [](ServedStream& s) { s.Send(403, "no"); };
    h.Recv(chunked ? std::string(kChunkedPost)
                   : "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\nabc");
    EXPECT_EQ(h.Pull(),
              Answer("403 Forbidden", "connection: close\r\ncontent-length: 2\r\n", "no"));
    EXPECT_TRUE(h.codec->wants_shutdown());
    EXPECT_FALSE(h.codec->finished());
    EXPECT_TRUE(h.codec->wants_read());
    h.Recv(std::string(10000, 'x'));
    EXPECT_FALSE(h.codec->finished());
    EXPECT_TRUE(h.codec->RecvEof().ok());
    EXPECT_TRUE(h.codec->finished());
  }
}

TEST(ServerCodecTest, EndlessRestOfABodyIsGivenUp) {
  CodecHarness h;
  h.Recv(kChunkedPost);
  h.last().stream().SendHead(200, false);
  h.Pull();
  h.last().stream().SendEnd();
  h.Pull();
  EXPECT_TRUE(h.last().closed);
  const std::string chunk = "3e8\r\n" + std::string(1000, 'x') + "\r\n";
  for (std::size_t sent = 0; sent <= kMaxDiscardedBody; sent += 1000) h.Recv(chunk);
  EXPECT_EQ(h.codec->read_state(), State::kClosing);
  for (std::size_t sent = 0; sent <= kMaxLingerBytes; sent += 1000) h.Recv(chunk);
  EXPECT_TRUE(h.codec->finished());
}

// ---- Errors ----

TEST(ServerCodecTest, BadRequestIsAnsweredBehindTheAnswersBefore) {
  CodecHarness h;
  h.Recv(std::string(kGet) + "GET / HTTP/1.1\r\n\r\n" + std::string(kGet));
  EXPECT_FALSE(h.codec->wants_write());
  h.last().Send(200, "ok");
  EXPECT_EQ(h.Pull(),
            Answer200("ok") + ErrorAnswer("400 Bad Request", "the host field is missing"));
  EXPECT_EQ(h.served.size(), 1u);
  EXPECT_TRUE(h.codec->wants_shutdown());
  h.Recv(kGet);
  EXPECT_EQ(h.served.size(), 1u) << "the rest is discarded";
  EXPECT_EQ(h.codec->failure().message(),
            "HTTP/1.1 request refused with 400: the host field is missing");
  EXPECT_TRUE(h.codec->RecvEof().ok());
  EXPECT_TRUE(h.codec->finished());
}

TEST(ServerCodecTest, BadChunkEndsTheStreamAndIsAnswered) {
  CodecHarness h;
  h.Recv(std::string(kChunkedPost) + "3\r\nabc\r\nzz\r\n");
  EXPECT_EQ(h.last().body, "abc");
  EXPECT_FALSE(h.last().end);
  ASSERT_TRUE(h.last().closed);
  EXPECT_EQ(h.last().close.cause, StreamClose::Cause::kProtocol);
  EXPECT_EQ(h.last().close.error, StreamError::kProtocolError);
  EXPECT_FALSE(h.last().close.status.ok());
  EXPECT_EQ(h.Pull(), ErrorAnswer("400 Bad Request", "a chunk's size is malformed"));
}

TEST(ServerCodecTest, BadChunkBehindAStartedAnswerCutsIt) {
  CodecHarness h;
  h.Recv(kChunkedPost);
  h.last().stream().SendHead(200, false);
  h.Pull();
  h.Recv("zz\r\n");
  EXPECT_TRUE(h.last().closed);
  EXPECT_EQ(h.Pull(), "");
  EXPECT_TRUE(h.codec->finished());
}

TEST(ServerCodecTest, ResetOfAnUnfinishedAnswerClosesWithoutAnEnd) {
  CodecHarness h;
  h.Recv(std::string(kGet) + std::string(kGet));
  h.last().stream().SendHead(200, false);
  h.last().Write("part");
  const std::string out = h.Pull();
  h.last().Write("dropped");
  h.last().stream().Reset(StreamError::kCancel);
  EXPECT_FALSE(h.last().closed) << "never from inside Reset";
  h.last().Write("ignored");
  h.last().stream().SendEnd();
  EXPECT_TRUE(h.codec->wants_write());
  EXPECT_EQ(h.Pull(), "");
  EXPECT_EQ(h.last().close.cause, StreamClose::Cause::kLocalReset);
  EXPECT_EQ(h.last().close.error, StreamError::kCancel);
  EXPECT_TRUE(h.pull_status.ok());
  EXPECT_TRUE(h.codec->finished());
  EXPECT_EQ(h.served.size(), 1u);
}

TEST(ServerCodecTest, CutAnswerThatEndsWithTheConnectionMustBeReset) {
  CodecHarness h;
  h.Recv("GET / HTTP/1.0\r\n\r\n");
  h.last().stream().SendHead(200, false);
  h.last().Write("part");
  h.Pull();
  EXPECT_FALSE(h.codec->must_reset());
  h.last().stream().Reset(StreamError::kInternalError);
  EXPECT_EQ(h.Pull(), "");
  EXPECT_TRUE(h.codec->must_reset());
  EXPECT_TRUE(h.codec->finished());
}

TEST(ServerCodecTest, AbortedAnswerThatEndsWithTheConnectionMustBeReset) {
  CodecHarness h;
  h.Recv("GET / HTTP/1.0\r\n\r\n");
  h.last().stream().SendHead(200, false);
  h.last().Write("part");
  h.Pull();
  h.codec->Abort(absl::UnavailableError("over"));
  EXPECT_TRUE(h.codec->must_reset());
}

TEST(ServerCodecTest, ResetFromInsideACallbackStopsReading) {
  CodecHarness h;
  h.on_request = [](ServedStream& s) {
    s.on_body = [&s] { s.stream().Reset(StreamError::kEnhanceYourCalm); };
  };
  h.Recv(std::string(kChunkedPost) + "1\r\na\r\n1\r\nb\r\n0\r\n\r\n" + std::string(kGet));
  EXPECT_EQ(h.last().body, "a");
  EXPECT_TRUE(h.last().closed);
  EXPECT_TRUE(h.codec->finished());
  CodecHarness at_once;
  at_once.on_request = [](ServedStream& s) { s.stream().Reset(StreamError::kRefusedStream); };
  at_once.Recv(std::string(kGet) + std::string(kGet));
  EXPECT_EQ(at_once.served.size(), 1u);
  EXPECT_EQ(at_once.last().close.error, StreamError::kRefusedStream);
}

TEST(ServerCodecTest, ResetOfAPipelinedRequestFromInsideItsHeadEndsTheConnection) {
  CodecHarness h;
  h.Recv(std::string(kGet) + std::string(kPost) + std::string(kGet));
  h.on_request = [](ServedStream& s) { s.stream().Reset(StreamError::kRefusedStream); };
  h.last().Send(200, "ok");
  EXPECT_EQ(h.Pull(), Answer200("ok"));
  EXPECT_EQ(h.served.size(), 2u);
  EXPECT_TRUE(h.last().closed);
  EXPECT_TRUE(h.codec->finished());
}

// ---- Ends ----

TEST(ServerCodecTest, HalfClosedClientStillGetsItsAnswers) {
  CodecHarness h;
  h.Recv(std::string(kGet) + std::string(kGet));
  EXPECT_TRUE(h.codec->RecvEof().ok());
  EXPECT_FALSE(h.last().closed);
  h.last().Send(200, "one");
  EXPECT_EQ(h.Pull(), Answer200("one"));
  ASSERT_EQ(h.served.size(), 2u);
  EXPECT_FALSE(h.codec->finished());
  h.last().Send(200, "two");
  EXPECT_EQ(h.Pull(), Answer("200 OK", "connection: close\r\ncontent-length: 3\r\n", "two"));
  EXPECT_TRUE(h.codec->finished());
}

TEST(ServerCodecTest, HalfClosedClientIsNotWaitedOnForEver) {
  CodecHarness h;
  h.Recv(kGet);
  EXPECT_EQ(h.codec->waiting(), internal::Codec::Waiting::kNothing);
  EXPECT_TRUE(h.codec->RecvEof().ok());
  EXPECT_EQ(h.codec->waiting(), internal::Codec::Waiting::kEnded);
  EXPECT_FALSE(h.last().closed);
  h.codec->TimeOut();
  EXPECT_EQ(h.last().close.cause, StreamClose::Cause::kConnectionLost);
  EXPECT_EQ(h.last().close.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(h.Pull(), "");
  EXPECT_TRUE(h.codec->finished());
}

TEST(ServerCodecTest, EndOfInputInsideARequestIsALostConnection) {
  const std::string request(kPost);
  for (std::size_t cut = 0; cut < request.size(); ++cut) {
    CodecHarness h;
    h.Recv(request.substr(0, cut));
    EXPECT_TRUE(h.codec->RecvEof().ok());
    if (!h.served.empty()) {
      EXPECT_TRUE(h.last().closed) << cut;
      EXPECT_EQ(h.last().close.cause, StreamClose::Cause::kConnectionLost);
      EXPECT_EQ(h.last().close.status.code(), absl::StatusCode::kUnavailable);
      EXPECT_FALSE(h.last().end);
    }
    EXPECT_EQ(h.Pull(), "");
    EXPECT_TRUE(h.codec->finished()) << cut;
    EXPECT_EQ(h.codec->failure().ok(), cut == 0) << cut;
  }
}

TEST(ServerCodecTest, EndOfInputInsideAPipelinedRequestIsALostConnection) {
  CodecHarness h;
  h.Recv(std::string(kGet) + std::string(kChunkedPost) + "3\r\nab");
  EXPECT_TRUE(h.codec->RecvEof().ok());
  h.last().Send(200, "one");
  EXPECT_EQ(h.Pull(), Answer200("one"));
  ASSERT_EQ(h.served.size(), 2u);
  EXPECT_EQ(h.last().close.cause, StreamClose::Cause::kConnectionLost);
  EXPECT_TRUE(h.codec->finished());
}

TEST(ServerCodecTest, AbortTellsTheOpenStream) {
  CodecHarness h;
  h.Recv(kGet);
  h.last().stream().SendHead(200, false);
  h.codec->Abort(absl::UnavailableError("reset by peer"));
  EXPECT_EQ(h.last().close.cause, StreamClose::Cause::kConnectionLost);
  EXPECT_EQ(h.last().close.status, absl::UnavailableError("reset by peer"));
  EXPECT_TRUE(h.codec->finished());
  EXPECT_FALSE(h.codec->wants_write());
  h.codec->Abort(absl::UnavailableError("again"));
}

TEST(ServerCodecTest, DrainLetsTheCurrentExchangeEnd) {
  CodecHarness idle;
  idle.codec->Drain();
  EXPECT_TRUE(idle.codec->finished());

  CodecHarness h;
  h.Recv(kPost.substr(0, kPost.size() - 1));
  h.codec->Drain();
  EXPECT_FALSE(h.codec->finished());
  h.Recv(kPost.substr(kPost.size() - 1));
  h.last().Send(200, "ok");
  EXPECT_EQ(h.Pull(), Answer("200 OK", "connection: close\r\ncontent-length: 2\r\n", "ok"));
  EXPECT_TRUE(h.codec->finished());
}

TEST(ServerCodecTest, DrainAfterTheHeadAnswersWhatWasPipelined) {
  CodecHarness h;
  h.Recv(std::string(kGet) + std::string(kGet));
  h.last().stream().SendHead(200, false);
  h.Pull();
  h.codec->Drain();
  h.last().stream().SendEnd();
  EXPECT_EQ(h.Pull(), "0\r\n\r\n");
  ASSERT_EQ(h.served.size(), 2u);
  h.last().Send(200, "two");
  EXPECT_EQ(h.Pull(), Answer("200 OK", "connection: close\r\ncontent-length: 3\r\n", "two"));
  EXPECT_TRUE(h.codec->finished());

  CodecHarness other;
  other.Recv(kGet);
  other.last().stream().SendHead(200, false);
  other.Pull();
  other.codec->Drain();
  other.last().stream().SendEnd();
  other.Pull();
  EXPECT_TRUE(other.codec->wants_shutdown()) << "the client was not told";
}

TEST(ServerCodecTest, DrainInsideAHeadAnswersThatRequest) {
  CodecHarness h;
  h.on_request = Echo;
  h.Recv(kGet.substr(0, 10));
  h.codec->Drain();
  EXPECT_FALSE(h.codec->finished());
  h.Recv(kGet.substr(10));
  EXPECT_EQ(h.Pull(),
            Answer("200 OK", "connection: close\r\ncontent-length: 11\r\n", "GET /a @h||"));
}

TEST(ServerCodecTest, ReadStateFollowsTheRequest) {
  CodecHarness h;
  EXPECT_EQ(h.codec->read_state(), State::kIdle);
  h.Recv("\r\n");
  EXPECT_EQ(h.codec->read_state(), State::kIdle);
  h.Recv("P");
  EXPECT_EQ(h.codec->read_state(), State::kHead);
  h.Recv(kPost.substr(1, 30));
  EXPECT_EQ(h.codec->read_state(), State::kHead);
  h.Recv(kPost.substr(31, kPost.size() - 32));
  EXPECT_EQ(h.codec->read_state(), State::kBody);
  h.Recv(kPost.substr(kPost.size() - 1));
  EXPECT_EQ(h.codec->read_state(), State::kResponding);
  h.last().Send(200, "");
  h.Pull();
  EXPECT_EQ(h.codec->read_state(), State::kIdle);
  h.codec->Drain();
  EXPECT_EQ(h.codec->read_state(), State::kClosing);
}

TEST(ServerCodecTest, TimeOutEndsWhateverTheClientIsLateWith) {
  CodecHarness idle;
  idle.codec->TimeOut();
  EXPECT_EQ(idle.Pull(), "");
  EXPECT_TRUE(idle.codec->finished());

  CodecHarness head;
  head.Recv("GET");
  head.codec->TimeOut();
  EXPECT_EQ(head.Pull(),
            ErrorAnswer("408 Request Timeout", "the request's head did not come in time"));
  EXPECT_TRUE(head.codec->wants_shutdown());
  head.codec->TimeOut();
  EXPECT_TRUE(head.codec->finished());

  CodecHarness body;
  body.Recv(kPost.substr(0, kPost.size() - 1));
  body.codec->TimeOut();
  EXPECT_EQ(body.last().close.cause, StreamClose::Cause::kConnectionLost);
  EXPECT_EQ(body.last().close.status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(body.Pull(),
            ErrorAnswer("408 Request Timeout", "the request's body did not come in time"));

  CodecHarness responding;
  responding.Recv(kGet);
  responding.codec->TimeOut();
  EXPECT_FALSE(responding.last().closed);
}

TEST(ServerCodecTest, IdleConnectionHoldsNoChunk) {
  CodecHarness h;
  h.on_request = Echo;
  for (int i = 0; i < 3; ++i) {
    h.Recv(std::string(kGet) + std::string(kPost));
    h.Pull();
    EXPECT_EQ(h.pool.stats().bytes_in_use, 0u);
  }
}

}  // namespace
}  // namespace weft::http1
