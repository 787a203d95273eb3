#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

#include "buffer/buf_list.h"
#include "buffer/chunk_pool.h"
#include "http/stream.h"
#include "http1/server_codec.h"

namespace weft::http1 {

inline std::string Text(const internal::BufList& list) {
  std::string out(list.size(), '\0');
  EXPECT_TRUE(list.PeekFront(list.size(), out.data()));
  return out;
}

// One exchange as an application sees it: writes down what it is told.
class ServedStream final : public internal::HttpStreamEvents {
 public:
  ServedStream(internal::HttpStream& stream, internal::ChunkPool& pool)
      : stream_(&stream), pool_(pool) {}

  void OnHead(internal::HttpHead&, bool) override {
    ADD_FAILURE() << "a server's stream got a head";
  }
  void OnBody(internal::Slice slice) override {
    EXPECT_FALSE(closed);
    EXPECT_FALSE(slice.empty());
    body.append(slice.view());
    if (take_body) stream_->ReturnCredit(slice.size());
    if (on_body) on_body();
  }
  void OnEnd(internal::HeaderList& list) override {
    EXPECT_FALSE(closed || end);
    end = true;
    for (const internal::HeaderField& field : list) {
      trailers.append(field.name).append("=").append(field.value).append(";");
    }
    if (on_end) on_end();
  }
  void OnDrained() override {
    ++drained;
    if (on_drained) on_drained();
  }
  void OnClosed(const internal::StreamClose& how) override {
    EXPECT_FALSE(closed);
    closed = true;
    close = how;
  }

  void Send(int status, std::string_view text) {
    stream_->SendHead(status, text.empty());
    if (text.empty()) return;
    Write(text);
    stream_->SendEnd();
  }
  void Write(std::string_view text) {
    stream_->outbound().Append(pool_, text);
    stream_->BodyAppended();
  }
  internal::HttpStream& stream() { return *stream_; }

  std::string request;  // "METHOD path @authority"
  std::string body;
  std::string trailers;
  bool end = false;
  bool closed = false;
  int drained = 0;
  bool take_body = true;
  internal::StreamClose close;
  std::function<void()> on_body, on_end, on_drained;

 private:
  internal::HttpStream* stream_;
  internal::ChunkPool& pool_;
};

// A codec between a test's bytes and a test's application.
class CodecHarness : public internal::Codec::Host, public internal::StreamAcceptor {
 public:
  explicit CodecHarness(const ServerCodec::Options& options = ServerCodec::Options())
      : dates(+[] { return std::int64_t{784111777}; }),
        codec(std::make_unique<ServerCodec>(*this, *this, pool, dates, options)) {}
  virtual ~CodecHarness() { codec->Abort(absl::CancelledError("the test is over")); }

  void OutputReady() override { ++output_ready; }
  internal::HttpStreamEvents* OnRequest(internal::HttpStream& stream, internal::HttpHead& head,
                                        bool has_ended) override {
    EXPECT_TRUE(served.empty() || served.back()->closed) << "one request after the other";
    auto fresh = std::make_unique<ServedStream>(stream, pool);
    fresh->request.append(head.method).append(" ").append(head.path);
    fresh->request.append(" @").append(head.authority);
    fresh->end = has_ended;
    EXPECT_EQ(head.scheme, "http");
    served.push_back(std::move(fresh));
    if (on_request) on_request(*served.back());
    return served.back().get();
  }

  // Each piece is memory of its own, as a read chunk is.
  void Recv(std::string_view bytes) {
    const std::size_t size = bytes.size();
    internal::BufList copy;
    if (size == 0) return;
    copy.Append(pool, bytes);
    while (!copy.empty()) {
      internal::Slice slice = copy.slice(0);
      copy.Consume(slice.size());
      EXPECT_TRUE(codec->Recv(std::move(slice)).ok());
    }
  }
  // Everything that there is to send, in pulls of the given budget.
  std::string Pull(std::size_t budget = 1 << 20) {
    internal::BufList out;
    while (codec->wants_write()) {
      const std::size_t before = out.size();
      pull_status.Update(codec->Pull(out, budget));
      if (out.size() == before && codec->wants_write()) {
        ADD_FAILURE() << "wants_write but nothing was pulled";
        break;
      }
    }
    return Text(out);
  }
  ServedStream& last() { return *served.back(); }

  internal::ChunkPool pool;
  DateCache dates;
  int output_ready = 0;
  absl::Status pull_status;
  std::vector<std::unique_ptr<ServedStream>> served;
  std::function<void(ServedStream&)> on_request;
  std::unique_ptr<ServerCodec> codec;
};

// Answers "METHOD path @authority|body|trailers" when the request is complete.
inline void Echo(ServedStream& stream) {
  const auto answer = [&stream] {
    stream.Send(200, stream.request + "|" + stream.body + "|" + stream.trailers);
  };
  if (stream.end) {
    answer();
  } else {
    stream.on_end = answer;
  }
}

// The head that the harness's codec writes, the Date left as it is.
inline std::string Answer(std::string_view status, std::string_view fields, std::string_view body) {
  std::string out = "HTTP/1.1 ";
  out.append(status).append("\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  return out.append(fields).append("\r\n").append(body);
}
inline std::string Answer200(std::string_view body) {
  return Answer("200 OK", "content-length: " + std::to_string(body.size()) + "\r\n", body);
}

}  // namespace weft::http1
