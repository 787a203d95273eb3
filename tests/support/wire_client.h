#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/transport.h"
#include "tests/support/frames.h"

namespace weft::testing {

// A message as gRPC puts it into a body.
std::string Envelope(std::string_view message);

// What came on one HTTP/2 stream.
struct WireStream {
  std::string head;      // ":status=200 content-type=application/grpc"
  std::string body;      // of all DATA frames
  std::string trailers;  // the fields of the second header block
  std::string reset;     // the code of RST_STREAM
  bool ended = false;    // END_STREAM came

  bool over() const { return ended || !reset.empty(); }
  // Head and trailers were one block.
  bool trailers_only() const { return ended && body.empty() && trailers.empty(); }
  // The messages in `body`, without their prefixes. What is no whole message shows as "<...>".
  std::vector<std::string> messages() const;
};

// A client that writes the bytes that it is given and keeps what comes back. On one loop with the
// server, so that nothing happens at the same time.
class WireClient final : private internal::Transport::Events {
 public:
  explicit WireClient(std::unique_ptr<internal::Transport> transport);
  ~WireClient();

  // Preface, SETTINGS, and the acknowledgement of the server's.
  void StartHttp2(const std::string& settings = Settings({}));
  void Send(const std::string& bytes);
  // Ends its side once everything is written.
  void EndWrites();
  // Closes at once.
  void Close();
  // Neither reads nor returns credit until told to go on.
  void PauseReads(bool pause) { transport_->WatchReads(!pause); }

  WireStream& stream(std::uint32_t id) { return streams_[id]; }
  // The streams of the DATA frames that had a payload, in order: "1 1 3 ".
  const std::string& data_order() const { return data_order_; }
  const std::vector<std::size_t>& data_sizes() const { return data_sizes_; }
  // The frames that belong to no stream, and WINDOW_UPDATEs, a line each.
  const std::string& connection_frames() const { return connection_frames_; }
  bool acknowledged(std::uint64_t ping) const;
  // As it came, for HTTP/1.1.
  std::string& received() { return received_; }
  bool eof() const { return eof_; }
  bool failed() const { return failed_; }
  bool closed() const { return eof_ || failed_ || closed_here_; }

  // Whether DATA is answered with WINDOW_UPDATEs at once.
  bool returns_credit = true;
  // Whether PINGs are.
  bool answers_pings = true;

 private:
  void OnReadable() override;
  void OnWritable() override { Flush(); }
  void Flush();
  void ReadFrames();
  void TakeFrame(std::string_view frame);

  const std::unique_ptr<internal::Transport> transport_;
  FrameReader reader_;
  std::string to_write_;
  bool ends_writes_ = false;
  std::string received_;
  bool http2_ = false;
  std::map<std::uint32_t, WireStream> streams_;
  std::string data_order_;
  std::vector<std::size_t> data_sizes_;
  std::string connection_frames_;
  bool eof_ = false;
  bool failed_ = false;
  bool closed_here_ = false;
};

}  // namespace weft::testing
