#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "base/intrusive_list.h"
#include "http/stream.h"
#include "io/loop_core.h"
#include "weft/internal/in_process.h"

namespace weft::internal {

class InProcessPipe;
class InProcessSide;

// Where a server takes connections from its own process in: one for each of its loops. Owned by the
// server; dies on its loop or after it. A client that has connected meanwhile is refused.
class InProcessEndpoint final {
 public:
  // The server's part on that loop.
  class Acceptor {
   public:
    // A client has connected. It takes a side of the pipe, or refuses it with
    // InProcessPipe::Refuse.
    virtual void OnInProcessClient(std::shared_ptr<InProcessPipe> pipe) = 0;

   protected:
    ~Acceptor() = default;
  };

  // `max_streams`: that one connection may have open.
  InProcessEndpoint(LoopCore& loop, std::size_t max_streams, Acceptor& acceptor);
  InProcessEndpoint(const InProcessEndpoint&) = delete;
  ~InProcessEndpoint();

  // Any thread: whether it is worth knocking.
  bool open() const { return open_.load(std::memory_order_relaxed); }
  void Close() { open_.store(false, std::memory_order_relaxed); }

 private:
  friend class InProcessPipe;
  friend class InProcessSide;
  // What a pipe keeps of it.
  struct Door {
    LoopCore* const loop;  // only for comparing and, when both sides share it, for scheduling
    const LoopHandle handle;
    const std::size_t max_streams;
    Acceptor* acceptor;  // the loop's; null once the endpoint is gone
  };
  const std::shared_ptr<Door> door_;
  std::atomic<bool> open_{true};
};

struct OpenInProcess;
struct MailedInProcess;

// One end of a stream between two sides of a pipe. What its peer has sent lies in its inbox until
// the end's own loop delivers it, so no event comes from inside a call. Owned by the pipe; loop
// thread only, but for the inbox.
class InProcessEnd final : public HttpStream,
                           public ListHook<OpenInProcess>,
                           public ListHook<MailedInProcess> {
 public:
  void SendHead(int status, bool end) override;
  void BodyAppended() override;
  void SendEnd() override;
  void Reset(StreamError error) override;
  void ReturnCredit(std::size_t n) override;
  // Nothing is queued that could be overtaken.
  void SetPriority(Priority) override {}
  Priority SetDefaultPriority(Priority priority) override { return priority; }
  std::uint32_t id() const override { return id_; }

 private:
  friend class InProcessPipe;
  friend class InProcessSide;

  // From the peer. Under the pipe's lock until it is taken.
  struct Inbox {
    bool has_head = false;
    bool head_ends = false;
    bool has_end = false;
    bool has_reset = false;
    StreamError error = StreamError::kNoError;
    std::size_t credit = 0;
    HttpHead head;
    BufList body;
    HeaderList trailers;

    void Clear();
    void MoveTo(Inbox& to);
  };

  bool over() const { return close_due_; }
  // Hands over what the window allows, then the end if it is due.
  void Push();
  // OnClosed is to come, from the loop's queue.
  void CloseLater(StreamClose close);
  void Clear();

  InProcessPipe* pipe_ = nullptr;
  InProcessEnd* peer_ = nullptr;
  bool server_ = false;

  HttpStreamEvents* events_ = nullptr;
  std::uint32_t id_ = 0;
  std::string_view authority_;  // client, until SendHead
  std::string_view path_;
  std::size_t window_ = 0;      // what may still be handed over
  std::size_t unreturned_ = 0;  // credit that the peer was not told of yet
  bool was_above_mark_ = false;
  bool ending_ = false;    // SendEnd was said
  bool end_sent_ = false;  // and the end is with the peer
  bool end_received_ = false;
  bool close_due_ = false;
  StreamClose close_;

  // Under the pipe's lock.
  Inbox inbox_;
  bool gone_ = true;    // nothing is delivered any more
  bool known_ = false;  // its side has heard of the stream, or is about to
};

// A connection between a client and a server of one process: no bytes of HTTP, but streams whose
// parts are moved from inbox to inbox. Two sides, each on its loop; on one loop the other side is
// scheduled, else posted to. Shared by its sides and by what is posted; the streams die with it.
class InProcessPipe final : public std::enable_shared_from_this<InProcessPipe> {
 public:
  InProcessPipe(LoopCore& client_loop, std::shared_ptr<InProcessEndpoint::Door> door);
  InProcessPipe(const InProcessPipe&) = delete;
  ~InProcessPipe();

  // On the server's loop, instead of taking a side: the client's side closes with `why`.
  void Refuse(absl::Status why);

 private:
  friend class InProcessEnd;
  friend class InProcessSide;

  static constexpr int kClient = 0;
  static constexpr int kServer = 1;

  struct Exchange {
    std::array<InProcessEnd, 2> ends;
  };
  class Mail final : public Runnable {
   public:
    ~Mail() = default;
    void Run() override { pipe->RunMail(index); }

    InProcessPipe* pipe = nullptr;
    int index = 0;
    std::shared_ptr<InProcessPipe> keep;  // while posted; under the lock
  };
  // What belongs to one side, under the lock.
  struct State {
    LoopHandle handle;
    LoopCore* loop = nullptr;  // for scheduling, when both share it
    Mail mail;
    bool mail_due = false;          // scheduled or posted
    InProcessSide* side = nullptr;  // the loop's own
    bool attached = false;          // it had a side, or will never have one
    IntrusiveList<InProcessEnd, MailedInProcess> mailed;
    // What this side has said of the connection.
    bool up = false;
    bool going_away = false;
    bool gone = false;
    absl::Status why;
  };

  // Puts something into an end's inbox by `fill` and wakes its loop. False when the end is over.
  template <typename Fill>
  bool Put(InProcessEnd& to, Fill fill);
  // Under the lock. Where that loop has ended, the side is gone.
  void Wake(int index);
  void RunMail(int index);
  InProcessEnd& Acquire();
  // The end has told its owner that it is closed.
  void Release(InProcessEnd& end);

  const std::shared_ptr<InProcessEndpoint::Door> door_;
  std::mutex mutex_;
  std::array<State, 2> states_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  std::vector<InProcessEnd*> idle_;  // clients' ends
  std::uint32_t next_id_ = 1;
};

// A loop's side of a pipe: opens streams (client) or takes them (server), and delivers what comes.
// Owned by a connection on that loop; loop thread only.
class InProcessSide final {
 public:
  class Owner {
   public:
    // Client: the server has taken the connection.
    virtual void OnUp() {}
    // Client: no new streams can be opened; those that are open run on.
    virtual void OnGoingAway() {}
    // Client: can_open() was false for too many streams, and is true again.
    virtual void OnCapacity() {}
    // It is over; its streams have heard of it. May destroy the side from inside. OK after an end
    // in order.
    virtual void OnSideClosed(const absl::Status& why) = 0;

   protected:
    ~Owner() = default;
  };

  // Client: connects. OnUp or OnSideClosed follows, never from inside.
  static std::unique_ptr<InProcessSide> Connect(LoopCore& loop, InProcessEndpoint& to,
                                                Owner& owner);
  // Server: takes the other side of a client's pipe.
  InProcessSide(std::shared_ptr<InProcessPipe> pipe, Owner& owner, StreamAcceptor& acceptor);
  InProcessSide(const InProcessSide&) = delete;
  // Ends it at once; streams hear of it from inside.
  ~InProcessSide();

  // Client.
  bool can_open() const { return up_ && !going_away_ && !closed_ && open_count_ < max_streams_; }
  // Only when can_open(). `authority` and `path` must live until SendHead.
  HttpStream& OpenStream(HttpStreamEvents& events, std::string_view authority,
                         std::string_view path);
  // Takes no new streams, lets the open ones end, then closes.
  void Drain();
  // Of what its streams have to send, what is not on its way; without regions of mapped files.
  std::size_t unsent_bytes();
  // Streams hear `why` at once, the owner and the other side soon.
  void Close(const absl::Status& why);

 private:
  friend class InProcessPipe;

  InProcessSide(std::shared_ptr<InProcessPipe> pipe, int index, Owner& owner,
                StreamAcceptor* acceptor);
  bool server() const { return index_ == InProcessPipe::kServer; }
  InProcessPipe::State& own() { return pipe_->states_[static_cast<std::size_t>(index_)]; }
  InProcessPipe::State& other() { return pipe_->states_[static_cast<std::size_t>(1 - index_)]; }
  void TakeMail();
  void DeliverAll();
  void Deliver(InProcessEnd& end);
  void TakeHead(InProcessEnd& end);
  void TakeCredit(InProcessEnd& end);
  void Finish(InProcessEnd& end);
  void AbortStreams(const absl::Status& why);

  const std::shared_ptr<InProcessPipe> pipe_;
  const int index_;
  Owner& owner_;
  StreamAcceptor* const acceptor_;  // null: a client
  const std::size_t max_streams_;
  IntrusiveList<InProcessEnd, OpenInProcess> open_;
  IntrusiveList<InProcessEnd, MailedInProcess> taking_;  // under the lock
  std::size_t open_count_ = 0;
  bool up_ = false;
  bool going_away_ = false;
  bool told_going_away_ = false;
  bool capacity_due_ = false;
  bool closed_ = false;
  absl::Status why_;
  InProcessEnd::Inbox mail_;  // of the end that is being delivered to
};

}  // namespace weft::internal
