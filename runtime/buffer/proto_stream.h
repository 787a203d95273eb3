#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/io/zero_copy_stream.h"
#include "google/protobuf/message_lite.h"

#include "buffer/buf_list.h"

namespace weft::internal {

// Reads the first bytes of a list without consuming them. The list must not change while this
// lives. Regions of a mapped file are read through the file, by pieces, into a buffer of its own.
class BufListReader final : public google::protobuf::io::ZeroCopyInputStream {
 public:
  explicit BufListReader(const BufList& list) : BufListReader(list, list.size()) {}
  // Only the first `limit` bytes, limit <= list.size().
  BufListReader(const BufList& list, std::size_t limit);

  bool Next(const void** data, int* size) override;
  void BackUp(int count) override;
  bool Skip(int count) override;
  std::int64_t ByteCount() const override { return static_cast<std::int64_t>(limit_ - left_); }
  // False after a mapped part could not be read; the stream ended there.
  bool ok() const { return ok_; }

 private:
  const BufList& list_;
  const std::size_t limit_;
  std::size_t left_;        // of limit_, not yet given out
  std::size_t index_ = 0;   // the slice that the next byte is in
  std::size_t offset_ = 0;  // and the place in it
  std::unique_ptr<char[]> scratch_;
  bool ok_ = true;
};

// Writes to the end of a list: into the room of its open chunk, then into new ones. Nothing else
// may touch the list while this lives; what was written is in the list when it is destroyed or
// Finish is called.
//
// With an owner, WriteAliasedRaw references bytes of at least kAliasThreshold that the owner keeps
// alive, and copies shorter ones. protobuf asks for aliasing only where a field does not fit the
// rest of the segment that Next gave; so segments are kept at the threshold then, and no longer
// field is missed.
class BufListWriter final : public google::protobuf::io::ZeroCopyOutputStream {
 public:
  // `expected`: about how many bytes are coming, for the size of new chunks.
  BufListWriter(BufList& list, ChunkPool& pool, std::size_t expected, OwnerRef owner = OwnerRef());
  BufListWriter(const BufListWriter&) = delete;
  BufListWriter& operator=(const BufListWriter&) = delete;
  ~BufListWriter() override { Finish(); }

  bool Next(void** data, int* size) override;
  void BackUp(int count) override;
  std::int64_t ByteCount() const override;
  bool WriteAliasedRaw(const void* data, int size) override;
  bool AllowsAliasing() const override { return owner_.get() != nullptr; }

  void Finish();

 private:
  BufList& list_;
  ChunkPool& pool_;
  const std::size_t before_;  // the list's size at the beginning
  const std::size_t expected_;
  std::size_t uncommitted_ = 0;  // of the last segment
  const OwnerRef owner_;
};

// Writes the serialized message to `to`. `size` is what message.ByteSizeLong() just returned: that
// many bytes are written.
void SerializeAt(const google::protobuf::MessageLite& message, std::size_t size, char* to);

// Appends `prefix` and the serialized message to the list, in one contiguous run when that is at
// most kContiguousMessageLimit or fits the open chunk. `size` is what message.ByteSizeLong() just
// returned. Fails when the message is larger than protobuf can hold, and then leaves the list as it
// was.
absl::Status SerializeInto(const google::protobuf::MessageLite& message, std::size_t size,
                           BufList& list, ChunkPool& pool, std::string_view prefix = {});

// The same for a message that `owner` keeps alive and nobody changes until the last byte is
// written: its singular bytes and string fields of at least kAliasThreshold are referenced, not
// copied.
absl::Status SerializeAliasing(const google::protobuf::MessageLite& message, std::size_t size,
                               OwnerRef owner, BufList& list, ChunkPool& pool,
                               std::string_view prefix = {});

// Replaces what the message holds with what is parsed from the bytes. Fails with INTERNAL, as gRPC
// does, when they are malformed or leave out a required field.
absl::Status ParseFrom(std::string_view bytes, google::protobuf::MessageLite& message);
// The same from the first n bytes of the list, n <= list.size(), without consuming them: straight
// from the chunk when they lie in one.
absl::Status ParseFrom(const BufList& list, std::size_t n, google::protobuf::MessageLite& message);

}  // namespace weft::internal
