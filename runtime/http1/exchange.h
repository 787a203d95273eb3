#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"

#include "buffer/buf_list.h"
#include "buffer/chunk_pool.h"
#include "http/stream.h"
#include "http1/date_cache.h"
#include "http1/encoder.h"

namespace weft::http1 {

// The stream of one request: takes the answer and turns it into bytes when its codec pulls. A
// connection has one exchange at a time, so its codec owns one and starts it anew for every
// request. Loop thread only.
class Exchange final : public internal::HttpStream {
 public:
  // The codec.
  class Owner {
   public:
    // There is output, or a Reset to carry out.
    virtual void OnExchangeTouched() = 0;
    // As Codec::Host::OutputComplete.
    virtual void OnExchangeComplete(FlushPolicy when, std::size_t bytes) = 0;
    virtual void OnCreditReturned(std::size_t n) = 0;
    // Asked when the head is encoded: the connection can't carry another request after this one.
    virtual bool MustClose() const = 0;

   protected:
    ~Owner() = default;
  };

  // What the answer's form depends on.
  struct Request {
    std::uint32_t id = 0;
    bool head_only = false;  // the method is HEAD
    bool http10 = false;
  };

  enum class Progress : std::uint8_t {
    kIdle,      // nothing to send for now
    kMore,      // the budget is used up
    kComplete,  // the last byte of the answer is out
    kBroken,    // failure() says why the answer can't be completed
  };

  Exchange(Owner& owner, internal::ChunkPool& pool, DateCache& dates);

  void Start(const Request& request);
  // Drops what the exchange holds; nothing is told.
  void Clear();

  // Appends output, at least a part if there is any, until `budget` bytes or a bit more.
  Progress Produce(internal::BufList& out, std::size_t budget);
  bool has_output() const;
  // True once after outbound() has fallen to its low mark.
  bool TakeDrained();

  bool answered() const { return status_ != 0; }
  bool ended() const { return ended_; }
  bool head_only() const { return request_.head_only; }
  bool head_encoded() const { return head_encoded_; }
  bool said_close() const { return said_close_; }
  // Only closing the connection ends the answer, so a cut one looks like a whole one.
  bool ends_with_connection() const { return head_encoded_ && framing_ == BodyFraming::kClose; }
  std::optional<internal::StreamError> reset() const { return reset_; }
  const absl::Status& failure() const { return failure_; }

  void SendHead(int status, bool end) override;
  void BodyAppended() override;
  void SendEnd() override;
  void Uncork(FlushPolicy when, std::size_t bytes) override;
  void Reset(internal::StreamError error) override;
  void ReturnCredit(std::size_t n) override;
  // One exchange at a time: there is nobody to give way to.
  void SetPriority(Priority) override {}
  Priority SetDefaultPriority(Priority priority) override { return priority; }
  std::uint32_t id() const override { return request_.id; }

 private:
  void Touch() {
    if (!corked_) owner_.OnExchangeTouched();
  }
  bool EncodeHead(internal::BufList& out);
  // Chooses framing_ and length_.
  absl::Status ChooseFraming();
  bool SendPart(internal::BufList& out);
  bool Finish(internal::BufList& out);

  Owner& owner_;
  internal::ChunkPool& pool_;
  DateCache& dates_;

  Request request_;
  int status_ = 0;
  bool ended_ = false;
  bool head_encoded_ = false;
  bool said_close_ = false;
  bool bodiless_ = false;  // what is appended is dropped
  bool was_above_mark_ = false;
  BodyFraming framing_ = BodyFraming::kNone;
  std::uint64_t length_ = 0;
  std::uint64_t sent_ = 0;
  std::optional<internal::StreamError> reset_;
  absl::Status failure_;
};

}  // namespace weft::http1
