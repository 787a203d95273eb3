#include "transport/connection.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "buffer/buf_list_ops.h"
#include "buffer/limits.h"
#include "buffer/writev_driver.h"
#include "io/errno_text.h"
#include "transport/sniff.h"

namespace weft::internal {
namespace {

// So long may a peer that is told goodbye go on sending before the connection is cut.
constexpr Duration kLingerTime = std::chrono::seconds(1);
// So long may an answer without a new byte be owed to a peer that has ended its side.
constexpr Duration kEndedPeerTime = std::chrono::seconds(5);
// So much is written before the other connections of the loop get their turn.
constexpr std::size_t kMaxWritePerPass = 1 << 20;
// The timers' tick.
constexpr Duration kTick = std::chrono::milliseconds(1);

// Whether every byte that is read or written starts the time anew.
bool CountsFromProgress(Codec::Waiting waiting) {
  return waiting == Codec::Waiting::kBody || waiting == Codec::Waiting::kEnded;
}

}  // namespace

Connection::Connection(LoopCore& loop, std::unique_ptr<Transport> transport,
                       const ConnectionTimeouts& timeouts, Owner& owner)
    : loop_(loop),
      transport_(std::move(transport)),
      timeouts_(timeouts),
      owner_(owner),
      read_size_(kReadChunkSize),
      watched_(Codec::Waiting::kNothing),
      flusher_(*this),
      flush_timer_(*this),
      watchdog_(*this) {}

Connection::~Connection() {
  AbortStreams(
      absl::CancelledError(absl::StrCat("the connection with ", peer(), " was closed here")));
  CloseTransport();
}

void Connection::StartSniffing(CodecFactory factory) {
  factory_ = std::move(factory);
  if (timeouts_.handshake != Duration::max()) {
    loop_.timers().Arm(watchdog_, loop_.Now() + timeouts_.handshake);
  }
  transport_->Start(*this);
}

void Connection::Start(std::unique_ptr<Codec> codec) {
  codec_ = std::move(codec);
  state_ = State::kOpen;
  transport_->Start(*this);
  UpdateWatchdog();
  if (codec_->wants_write()) OutputReady();
}

void Connection::Drain() {
  if (draining_ || state_ == State::kClosed) return;
  draining_ = true;
  if (state_ == State::kSniffing) {
    Close(absl::OkStatus());
  } else if (state_ == State::kOpen) {
    codec_->Drain();
    OutputReady();
  }
}

void Connection::Close(const absl::Status& why) {
  if (state_ == State::kClosed || state_ == State::kClosing || state_ == State::kLingering) return;
  why_ = why;
  if (codec_ != nullptr) {
    codec_->Drain();
    SayLastWords();
  }
  AbortStreams(why.ok() ? absl::CancelledError("the connection was closed here") : why);
  if (cut_short()) {
    Finish();
    return;
  }
  state_ = State::kClosing;
  loop_.timers().Arm(watchdog_, loop_.Now() + kLingerTime);  // the peer may not read
  OutputReady();
}

void Connection::Abort(const absl::Status& why) {
  if (state_ == State::kClosed) return;
  why_ = why;
  lost_output_ = lost_output_ || !out_.empty();
  Finish();
}

void Connection::OutputReady() {
  if (state_ != State::kClosed && !flusher_.queued()) loop_.AtPassEnd(flusher_);
}

void Connection::OutputComplete(FlushPolicy when, std::size_t bytes) {
  // While the connection ends nothing waits.
  const bool ending = state_ != State::kOpen || draining_ || peer_ended_ || timed_out_;
  // Now and then a writer must wait, or one whose peer takes all at once would keep the loop.
  const bool now = when.at_once() && at_once_bytes_ < kMaxWritePerPass;
  at_once_bytes_ = now ? at_once_bytes_ + bytes : 0;
  if (now && state_ == State::kOpen) {
    FlushNow();
  } else if (when.longest_delay() > Duration::zero() && !ending) {
    FlushWithin(when.longest_delay(), bytes);
  } else {
    OutputReady();
  }
}

// Whoever said that something is complete stands below on the stack and may be the owner, so that
// one hears of an end later: see Finish.
void Connection::FlushNow() {
  flusher_.CancelRun();
  flushing_now_ = true;
  Flush();
  flushing_now_ = false;
  if (awaits_writers_) OutputReady();
}

bool Connection::AwaitWriters() {
  awaits_writers_ = true;
  OutputReady();
  return true;
}

// The ready queue has run.
void Connection::FlushAfterWriters() {
  if (std::exchange(awaits_writers_, false)) codec_->WritersRan();
  Flush();
}

void Connection::FlushWithin(Duration delay, std::size_t bytes) {
  if (flusher_.queued()) return;  // what is flushed soon takes it along
  waiting_bytes_ += bytes;
  if (waiting_bytes_ >= kFlushQuantum) {
    OutputReady();
    return;
  }
  const TimePoint now = loop_.Now();
  const TimePoint by = now + std::min(delay, kLongestFlushDelay);
  if (flush_timer_.armed() && flush_by_ <= by) return;
  flush_by_ = by;
  // Timers round up, and this time is the latest: so the last tick by then, or else the next one.
  loop_.timers().Arm(flush_timer_, std::max(now, by - kTick) + Duration(1));
}

void Connection::OnReadable() {
  ChunkRef chunk = loop_.chunks().Acquire(read_size_);
  const iovec into{chunk->data(), chunk->capacity()};
  const IoResult read = transport_->ReadSome({&into, 1});
  switch (read.kind) {
    case IoResult::Kind::kWouldBlock:
      return;
    case IoResult::Kind::kEof:
      OnEof();
      return;
    case IoResult::Kind::kError:
      Fail(absl::UnavailableError(absl::StrCat(
          "the connection with ", peer(), " was lost while reading: ", ErrnoText(read.error))));
      return;
    case IoResult::Kind::kBytes:
      break;
  }
  // A peer that fills a chunk is sending in bulk; one that leaves most of it empty is not.
  read_size_ = read.bytes == chunk->capacity() ? kBulkReadChunkSize
               : read.bytes < kReadChunkSize   ? kReadChunkSize
                                               : read_size_;
  if (state_ == State::kLingering || state_ == State::kClosing) return;
  const char* data = chunk->data();
  absl::Status taken = Take(Slice(std::move(chunk).ToOwner(), {data, read.bytes}));
  if (!taken.ok()) {
    Fail(std::move(taken));
    return;
  }
  if (codec_ == nullptr) return;
  const Liveness::Watch watch(liveness_);
  loop_.RunReady();
  if (!watch.alive() || state_ == State::kClosed) return;
  if (flusher_.queued() || (codec_->wants_write() && !flush_timer_.armed()) || codec_->finished()) {
    flusher_.CancelRun();
    FlushAfterWriters();  // may destroy this
    return;
  }
  UpdateReads();
  UpdateWatchdog();
}

absl::Status Connection::Take(Slice bytes) {
  return codec_ == nullptr ? Sniff(std::move(bytes)) : codec_->Recv(std::move(bytes));
}

absl::Status Connection::Sniff(Slice bytes) {
  AppendInbound(sniffed_, loop_.chunks(), std::move(bytes));
  char first[kSniffSize];
  const std::size_t known = std::min(sniffed_.size(), kSniffSize);
  sniffed_.PeekFront(known, first);
  const std::optional<HttpVersion> version = SniffVersion({first, known});
  if (!version.has_value()) return absl::OkStatus();
  loop_.timers().Disarm(watchdog_);
  codec_ = factory_(*version, *this);
  factory_ = nullptr;
  state_ = State::kOpen;
  BufList all(std::move(sniffed_));
  for (std::size_t i = 0; i < all.slice_count(); ++i) {
    if (absl::Status taken = codec_->Recv(all.slice(i)); !taken.ok()) return taken;
  }
  return absl::OkStatus();
}

void Connection::OnEof() {
  if (state_ == State::kLingering || state_ == State::kClosing) {
    Finish();
    return;
  }
  peer_ended_ = true;
  transport_->WatchReads(false);
  if (codec_ == nullptr) {
    Close(absl::OkStatus());
    return;
  }
  if (absl::Status ended = codec_->RecvEof(); !ended.ok()) {
    Fail(absl::Status(ended.code(), absl::StrCat(peer(), ": ", ended.message())));
    return;
  }
  OutputReady();
}

void Connection::OnWritable() {
  write_blocked_ = false;
  transport_->WatchWrites(false);
  OutputReady();
}

void Connection::Flush() {
  if (state_ == State::kClosed) {
    // It ended in FlushNow, and the owner is yet to hear of it.
    owner_.OnConnectionClosed(*this, why_);  // may destroy this
    return;
  }
  waiting_bytes_ = 0;
  if (flush_timer_.armed()) flush_timer_.Disarm();
  std::size_t written = 0;
  bool read_again = false;
  while (!write_blocked_) {
    if (state_ == State::kOpen && out_.size() <= kOutputLowMark && codec_->wants_write()) {
      if (absl::Status pulled = codec_->Pull(out_, kFlushQuantum - out_.size()); !pulled.ok()) {
        Fail(std::move(pulled));
        return;
      }
    }
    if (out_.empty() || cut_short()) break;
    const WriteProgress progress = WriteFront(out_, [this](std::span<const iovec> iov) {
      const IoResult result = transport_->WritevSome(iov);
      switch (result.kind) {
        case IoResult::Kind::kBytes:
          return WriteAttempt::Bytes(result.bytes);
        case IoResult::Kind::kWouldBlock:
          return WriteAttempt::WouldBlock();
        default:
          return WriteAttempt::Error(result.error);
      }
    });
    written += progress.bytes;
    if (progress.kind == WriteProgress::Kind::kError) {
      if (progress.error == EFAULT) {
        // A mapped file shrank (design §10).
        const std::optional<std::size_t> lost = ReplaceLost(out_, kMaxIov);
        if (lost.has_value() && codec_ != nullptr && codec_->OutputLost(*lost)) continue;
        // Or what could not be read can be now: that is nobody's end, but tried only once.
        if (!lost.has_value() && !std::exchange(read_again, true)) continue;
        lost_output_ = true;
      }
      out_.Clear();
      why_ = absl::UnavailableError(absl::StrCat(
          "the connection with ", peer(), " was lost while writing: ", ErrnoText(progress.error)));
      AbortStreams(why_);
      Finish();
      return;
    }
    if (progress.kind == WriteProgress::Kind::kWouldBlock) {
      write_blocked_ = true;
      transport_->WatchWrites(true);
    }
    if (awaits_writers_) break;  // and they leave more to be written at once
    if (written >= kMaxWritePerPass && !write_blocked_) {
      OutputReady();
      break;
    }
  }
  if (cut_short()) {
    Finish();
    return;
  }
  if (codec_ != nullptr && state_ == State::kOpen) {
    UpdateReads();
    UpdateWatchdog();
  }
  if (!out_.empty() || (state_ == State::kOpen && codec_->wants_write())) return;
  if (state_ == State::kClosing || (state_ == State::kOpen && codec_->finished())) {
    // What the peer still sends must be read, or the kernel would answer it with a reset that
    // destroys our last words.
    if (peer_ended_) {
      Finish();
    } else {
      Linger();
    }
  } else if (state_ == State::kOpen && codec_->wants_shutdown()) {
    if (std::exchange(shut_down_, true)) return;
    transport_->ShutdownWrites();
    loop_.timers().Arm(watchdog_, loop_.Now() + kLingerTime);
  }
}

void Connection::Fail(absl::Status why) {
  if (state_ == State::kClosed) return;
  why_ = std::move(why);
  if (state_ == State::kOpen && !peer_ended_) SayLastWords();  // a GOAWAY or a 400
  AbortStreams(why_);
  if (state_ == State::kOpen && !out_.empty() && !cut_short()) {
    state_ = State::kClosing;
    loop_.timers().Arm(watchdog_, loop_.Now() + kLingerTime);  // the peer may not read
    OutputReady();
    return;
  }
  Finish();
}

// Takes what the codec has to say before its streams are aborted, after which it says nothing. An
// error in this can only repeat why the connection ends.
void Connection::SayLastWords() {
  while (codec_ != nullptr && codec_->wants_write() && out_.size() < kOutputHighMark) {
    const std::size_t before = out_.size();
    if (!codec_->Pull(out_, kFlushQuantum).ok()) return;
    // No writer goes on any more.
    const bool awaited = std::exchange(awaits_writers_, false);
    if (awaited) codec_->WritersRan();
    if (out_.size() == before && !awaited) return;
  }
}

void Connection::Linger() {
  AbortStreams(absl::CancelledError("the connection was closed here"));
  state_ = State::kLingering;
  transport_->ShutdownWrites();
  transport_->WatchReads(true);
  loop_.timers().Arm(watchdog_, loop_.Now() + kLingerTime);
}

void Connection::Finish() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  loop_.timers().Disarm(watchdog_);
  flush_timer_.Disarm();
  flusher_.CancelRun();
  AbortStreams(why_.ok()
                   ? absl::UnavailableError(absl::StrCat("the connection was closed by ", peer()))
                   : why_);
  CloseTransport();
  if (why_.ok() && codec_ != nullptr && !codec_->failure().ok()) {
    const absl::Status failure = codec_->failure();
    why_ = absl::Status(failure.code(), absl::StrCat(peer(), ": ", failure.message()));
  }
  if (flushing_now_) {
    loop_.AtPassEnd(flusher_);
    return;
  }
  owner_.OnConnectionClosed(*this, why_);  // may destroy this
}

void Connection::CloseTransport() {
  if (cut_short()) {
    transport_->Abort();
  } else {
    transport_->Close();
  }
}

void Connection::AbortStreams(const absl::Status& why) {
  if (codec_ == nullptr || std::exchange(aborted_, true)) return;
  codec_->Abort(why);
}

void Connection::UpdateReads() {
  const bool pause = !codec_->wants_read() || peer_ended_;
  if (pause == reads_paused_) return;
  reads_paused_ = pause;
  transport_->WatchReads(!pause);
}

void Connection::UpdateWatchdog() {
  const Codec::Waiting waiting = codec_->waiting();
  if (CountsFromProgress(waiting)) last_progress_ = loop_.Now();
  if (shut_down_ || timed_out_) return;
  // The head of a later request has its own time.
  const std::uint64_t requests = std::exchange(requests_, codec_->requests());
  if (waiting == watched_ && (waiting != Codec::Waiting::kHead || requests == requests_)) return;
  watched_ = waiting;
  const Duration limit = Limit(waiting);
  if (limit == Duration::max()) {
    loop_.timers().Disarm(watchdog_);
  } else {
    loop_.timers().Arm(watchdog_, loop_.Now() + limit);
  }
}

Duration Connection::Limit(Codec::Waiting waiting) const {
  switch (waiting) {
    case Codec::Waiting::kHead:
      return timeouts_.head;
    case Codec::Waiting::kBody:
      return timeouts_.body;
    case Codec::Waiting::kEnded:
      return kEndedPeerTime;
    case Codec::Waiting::kIdle:
      return timeouts_.idle;
    case Codec::Waiting::kNothing:
      break;
  }
  return Duration::max();
}

void Connection::OnTimeout() {
  switch (state_) {
    case State::kSniffing:
      why_ = absl::DeadlineExceededError(
          absl::StrCat(peer(), " connected, but did not say which protocol it speaks in time"));
      Finish();
      return;
    case State::kOpen:
      if (CountsFromProgress(watched_) && last_progress_ + Limit(watched_) > loop_.Now()) {
        loop_.timers().Arm(watchdog_, last_progress_ + Limit(watched_));
      } else if (watched_ == Codec::Waiting::kEnded && write_blocked_) {
        // It has more to read than it takes: the kernel tells when it is gone.
        loop_.timers().Arm(watchdog_, loop_.Now() + kEndedPeerTime);
      } else if (timed_out_ && codec_->open_streams() > 0) {
        // A call that was on its way when the goodbye was said.
        loop_.timers().Arm(watchdog_, loop_.Now() + kLingerTime);
      } else if (shut_down_ || watched_ == Codec::Waiting::kNothing || timed_out_) {
        Finish();
      } else {
        // The codec says goodbye; then there is a bounded time for it to be heard.
        timed_out_ = true;
        codec_->TimeOut();
        OutputReady();
        loop_.timers().Arm(watchdog_, loop_.Now() + kLingerTime);
      }
      return;
    case State::kClosing:
      lost_output_ = lost_output_ || !out_.empty();
      Finish();
      return;
    case State::kLingering:
      Finish();
      return;
    case State::kClosed:
      return;
  }
}

}  // namespace weft::internal
