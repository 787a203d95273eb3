#include "transport/in_process.h"

#include <algorithm>
#include <utility>

#include "buffer/limits.h"

namespace weft::internal {
namespace {

// What may lie unread in an inbox. As much as HTTP/2 gives a stream by default; credit goes back in
// halves of it, so that small messages don't wake the other loop for their credit.
constexpr std::size_t kWindow = 64 * kKiB;

ListHook<MailedInProcess>& MailHook(InProcessEnd& end) { return end; }
ListHook<OpenInProcess>& OpenHook(InProcessEnd& end) { return end; }

}  // namespace

// --- The endpoint.

InProcessEndpoint::InProcessEndpoint(LoopCore& loop, std::size_t max_streams, Acceptor& acceptor)
    : door_(new Door{&loop, loop.handle(), max_streams, &acceptor}) {}

InProcessEndpoint::~InProcessEndpoint() { door_->acceptor = nullptr; }

// --- An end of a stream.

void InProcessEnd::SendHead(int status, bool end) {
  if (over() || end_sent_) return;
  const bool taken = pipe_->Put(*peer_, [&](Inbox& inbox) {
    // Copied: views of this side's may be gone before the other side is done with the head.
    HttpHead& head = inbox.head;
    head.Clear();
    head.fields.AddAll(head_to_send_);
    head.status = status;
    if (!server_) {
      head.method = "POST";
      head.scheme = "http";
      head.authority = head.fields.StoreText(authority_);
      head.path = head.fields.StoreText(path_);
    }
    inbox.has_head = true;
    inbox.head_ends = end;
  });
  if (!taken && !server_) {
    CloseLater({StreamClose::Cause::kGoAway, StreamError::kNoError, absl::OkStatus()});
    return;
  }
  if (!end) return;
  ending_ = end_sent_ = true;
  if (server_) CloseLater(StreamClose());
}

void InProcessEnd::BodyAppended() {
  if (over() || end_sent_) {
    outbound_.Clear();
    return;
  }
  Push();
}

void InProcessEnd::SendEnd() {
  if (over() || ending_) return;
  ending_ = true;
  Push();
}

void InProcessEnd::Push() {
  const std::size_t count = std::min(window_, outbound_.size());
  const bool end = ending_ && !end_sent_ && count == outbound_.size();
  if (count > 0 || end) {
    window_ -= count;
    const bool taken = pipe_->Put(*peer_, [&](Inbox& inbox) {
      outbound_.SplitFront(count, inbox.body);
      if (!end) return;
      inbox.has_end = true;
      inbox.trailers.Clear();
      inbox.trailers.AddAll(trailers_to_send_);
    });
    if (!taken) outbound_.Clear();
  }
  if (above_high_mark()) was_above_mark_ = true;
  if (!end) return;
  end_sent_ = true;
  // The exchange is over for the server when it has answered; what the client still sends is
  // dropped.
  if (server_) CloseLater(StreamClose());
}

void InProcessEnd::Reset(StreamError error) {
  if (over()) return;
  outbound_.Clear();
  pipe_->Put(*peer_, [error](Inbox& inbox) {
    inbox.has_reset = true;
    inbox.error = error;
  });
  CloseLater({StreamClose::Cause::kLocalReset, error, absl::OkStatus()});
}

void InProcessEnd::ReturnCredit(std::size_t n) {
  if (over() || end_received_) return;
  unreturned_ += n;
  if (unreturned_ < kWindow / 2) return;
  pipe_->Put(*peer_,
             [this](Inbox& inbox) { inbox.credit += std::exchange(unreturned_, std::size_t{0}); });
}

void InProcessEnd::CloseLater(StreamClose close) {
  close_due_ = true;
  close_ = std::move(close);
  pipe_->Put(*this, [](Inbox&) {});
}

void InProcessEnd::Clear() {
  head_to_send_.Clear();
  trailers_to_send_.Clear();
  outbound_.Clear();
  events_ = nullptr;
  authority_ = path_ = {};
  window_ = kWindow;
  unreturned_ = 0;
  was_above_mark_ = ending_ = end_sent_ = end_received_ = close_due_ = false;
  close_ = {};
  high_mark_ = kStreamHighMark;
}

void InProcessEnd::Inbox::Clear() {
  has_head = head_ends = has_end = has_reset = false;
  error = StreamError::kNoError;
  credit = 0;
  head.Clear();
  body.Clear();
  trailers.Clear();
}

// Moves what is in there to `to`, which is clear; the lists' capacity goes both ways.
void InProcessEnd::Inbox::MoveTo(Inbox& to) {
  to.has_head = std::exchange(has_head, false);
  to.head_ends = std::exchange(head_ends, false);
  to.has_end = std::exchange(has_end, false);
  to.has_reset = std::exchange(has_reset, false);
  to.error = error;
  to.credit = std::exchange(credit, std::size_t{0});
  if (to.has_head) std::swap(to.head, head);
  if (!body.empty()) to.body.Swap(body);
  if (to.has_end) to.trailers.Swap(trailers);
}

// --- The pipe.

InProcessPipe::InProcessPipe(LoopCore& client_loop, std::shared_ptr<InProcessEndpoint::Door> door)
    : door_(std::move(door)) {
  const bool one_loop = door_->loop == &client_loop;
  states_[kClient].handle = client_loop.handle();
  states_[kServer].handle = door_->handle;
  for (int index : {kClient, kServer}) {
    State& state = states_[static_cast<std::size_t>(index)];
    if (one_loop) state.loop = &client_loop;
    state.mail.pipe = this;
    state.mail.index = index;
  }
}

InProcessPipe::~InProcessPipe() = default;

void InProcessPipe::Refuse(absl::Status why) {
  std::lock_guard lock(mutex_);
  State& server = states_[kServer];
  server.gone = true;
  server.why = std::move(why);
  Wake(kClient);
}

template <typename Fill>
bool InProcessPipe::Put(InProcessEnd& to, Fill fill) {
  std::lock_guard lock(mutex_);
  State& state = states_[to.server_ ? kServer : kClient];
  if (to.gone_ || state.gone) return false;
  // A server that drains takes what was on its way when it said so, and nothing after.
  if (!to.known_ && state.going_away) {
    to.gone_ = true;
    return false;
  }
  to.known_ = true;
  fill(to.inbox_);
  if (!MailHook(to).linked()) state.mailed.PushBack(to);
  Wake(to.server_ ? kServer : kClient);
  return true;
}

void InProcessPipe::Wake(int index) {
  State& state = states_[static_cast<std::size_t>(index)];
  if (std::exchange(state.mail_due, true)) return;
  if (state.loop != nullptr) {
    state.loop->Schedule(state.mail);
    return;
  }
  state.mail.keep = shared_from_this();
  if (state.handle.Post(state.mail)) return;
  state.mail.keep.reset();
  if (state.gone) return;
  state.gone = true;
  state.why =
      absl::UnavailableError(index == kServer ? "the loop of the server in this process has ended"
                                              : "the loop of the client has ended");
  Wake(1 - index);
}

void InProcessPipe::RunMail(int index) {
  std::shared_ptr<InProcessPipe> keep;
  InProcessSide* side = nullptr;
  bool fresh = false;
  {
    std::lock_guard lock(mutex_);
    State& state = states_[static_cast<std::size_t>(index)];
    keep = std::move(state.mail.keep);
    state.mail_due = false;
    side = state.side;
    fresh = index == kServer && !std::exchange(state.attached, true);
  }
  if (side != nullptr) {
    side->TakeMail();
  } else if (fresh) {
    if (keep == nullptr) keep = shared_from_this();
    if (door_->acceptor != nullptr) {
      door_->acceptor->OnInProcessClient(std::move(keep));
    } else {
      Refuse(absl::UnavailableError("the server in this process is gone"));
    }
  }
}

InProcessEnd& InProcessPipe::Acquire() {
  std::lock_guard lock(mutex_);
  InProcessEnd* client = nullptr;
  if (!idle_.empty()) {
    client = idle_.back();
    idle_.pop_back();
  } else {
    exchanges_.push_back(std::make_unique<Exchange>());
    Exchange& exchange = *exchanges_.back();
    for (int index : {kClient, kServer}) {
      InProcessEnd& end = exchange.ends[static_cast<std::size_t>(index)];
      end.pipe_ = this;
      end.peer_ = &exchange.ends[static_cast<std::size_t>(1 - index)];
      end.server_ = index == kServer;
      end.Clear();
    }
    client = &exchange.ends[kClient];
  }
  client->id_ = client->peer_->id_ = next_id_++;
  client->gone_ = client->peer_->gone_ = false;
  client->known_ = true;
  client->peer_->known_ = false;
  return *client;
}

void InProcessPipe::Release(InProcessEnd& end) {
  end.Clear();
  BufList unread;  // let go behind the lock: users' release functions may come back to this pipe
  std::lock_guard lock(mutex_);
  MailHook(end).Unlink();
  unread.Swap(end.inbox_.body);
  end.inbox_.Clear();
  end.gone_ = true;
  if (end.peer_->gone_) idle_.push_back(end.server_ ? end.peer_ : &end);
}

// --- A side.

std::unique_ptr<InProcessSide> InProcessSide::Connect(LoopCore& loop, InProcessEndpoint& to,
                                                      Owner& owner) {
  auto pipe = std::make_shared<InProcessPipe>(loop, to.door_);
  std::unique_ptr<InProcessSide> side(
      new InProcessSide(pipe, InProcessPipe::kClient, owner, nullptr));
  std::lock_guard lock(pipe->mutex_);
  pipe->Wake(InProcessPipe::kServer);
  return side;
}

InProcessSide::InProcessSide(std::shared_ptr<InProcessPipe> pipe, Owner& owner,
                             StreamAcceptor& acceptor)
    : InProcessSide(std::move(pipe), InProcessPipe::kServer, owner, &acceptor) {
  std::lock_guard lock(pipe_->mutex_);
  own().up = true;
  pipe_->Wake(1 - index_);
  // The mail that made this side took with it what the client has said meanwhile, perhaps that it
  // is gone.
  pipe_->Wake(index_);
}

InProcessSide::InProcessSide(std::shared_ptr<InProcessPipe> pipe, int index, Owner& owner,
                             StreamAcceptor* acceptor)
    : pipe_(std::move(pipe)),
      index_(index),
      owner_(owner),
      acceptor_(acceptor),
      max_streams_(pipe_->door_->max_streams) {
  std::lock_guard lock(pipe_->mutex_);
  own().side = this;
}

InProcessSide::~InProcessSide() {
  if (!closed_) Close(absl::UnavailableError("the connection was closed"));
  std::lock_guard lock(pipe_->mutex_);
  own().side = nullptr;
  while (taking_.PopFront() != nullptr) {
  }
}

HttpStream& InProcessSide::OpenStream(HttpStreamEvents& events, std::string_view authority,
                                      std::string_view path) {
  InProcessEnd& end = pipe_->Acquire();
  end.events_ = &events;
  end.authority_ = authority;
  end.path_ = path;
  open_.PushBack(end);
  ++open_count_;
  return end;
}

std::size_t InProcessSide::unsent_bytes() {
  std::size_t bytes = 0;
  for (InProcessEnd* end = open_.empty() ? nullptr : &open_.front(); end != nullptr;
       end = open_.Next(*end)) {
    bytes += end->outbound().unmapped_size();
  }
  return bytes;
}

void InProcessSide::Drain() {
  if (closed_ || std::exchange(told_going_away_, true)) return;
  going_away_ = true;
  std::lock_guard lock(pipe_->mutex_);
  own().going_away = true;
  pipe_->Wake(1 - index_);
  pipe_->Wake(index_);  // there may be nothing to wait for
}

void InProcessSide::Close(const absl::Status& why) {
  if (closed_) return;
  closed_ = true;
  why_ = why;
  AbortStreams(why.ok() ? absl::CancelledError("the connection was closed here") : why);
  std::lock_guard lock(pipe_->mutex_);
  own().gone = true;
  own().why = why;
  pipe_->Wake(1 - index_);
  pipe_->Wake(index_);
}

void InProcessSide::TakeMail() {
  bool peer_up = false;
  bool peer_gone = false;
  absl::Status peer_why;
  {
    std::lock_guard lock(pipe_->mutex_);
    taking_.Splice(own().mailed);
    const InProcessPipe::State& peer = other();
    peer_up = peer.up;
    peer_gone = peer.gone;
    peer_why = peer.why;
    going_away_ = going_away_ || peer.going_away || peer.gone;
  }
  if (!closed_) {
    // First, so that calls which the other side has refused are not made here again.
    if (going_away_ && !std::exchange(told_going_away_, true)) owner_.OnGoingAway();
    if (peer_up && !going_away_ && !std::exchange(up_, true)) owner_.OnUp();
    DeliverAll();
    if (peer_gone) {
      closed_ = true;
      why_ = peer_why;
      AbortStreams(peer_why.ok() ? absl::UnavailableError("the connection was closed") : peer_why);
    } else if (going_away_ && open_count_ == 0 && !closed_) {
      std::lock_guard lock(pipe_->mutex_);
      if (own().mailed.empty()) {
        closed_ = own().gone = true;
        pipe_->Wake(1 - index_);
      }
    }
  }
  if (closed_) {
    owner_.OnSideClosed(why_);  // may destroy this
  } else if (capacity_due_ && can_open()) {
    capacity_due_ = false;
    owner_.OnCapacity();
  }
}

void InProcessSide::DeliverAll() {
  while (!closed_) {
    InProcessEnd* end = nullptr;
    {
      std::lock_guard lock(pipe_->mutex_);
      end = taking_.PopFront();
      if (end == nullptr) return;
      end->inbox_.MoveTo(mail_);
    }
    Deliver(*end);
    mail_.Clear();
  }
}

void InProcessSide::Deliver(InProcessEnd& end) {
  if (end.events_ == nullptr) {
    // A stream that was reset before it began has never been one here.
    if (!mail_.has_head) {
      pipe_->Release(end);
      return;
    }
    open_.PushBack(end);
    ++open_count_;
    end.end_received_ = mail_.head_ends;
    end.events_ = acceptor_->OnRequest(end, mail_.head, mail_.head_ends);
  } else if (mail_.has_head && !end.over()) {
    end.end_received_ = mail_.head_ends;
    end.events_->OnHead(mail_.head, mail_.head_ends);
  }
  if (mail_.credit > 0 && !end.over()) TakeCredit(end);
  for (std::size_t i = 0; i < mail_.body.slice_count() && !end.over(); ++i) {
    end.events_->OnBody(mail_.body.slice(i));
  }
  if (mail_.has_end && !end.over()) {
    end.end_received_ = true;
    end.events_->OnEnd(mail_.trailers);
  }
  if (!end.over()) {
    if (end.end_received_ && !server()) {
      end.close_due_ = true;  // complete
    } else if (mail_.has_reset) {
      end.close_due_ = true;
      end.close_ = {StreamClose::Cause::kPeerReset, mail_.error, absl::OkStatus()};
    }
  }
  if (end.over()) Finish(end);
}

void InProcessSide::TakeCredit(InProcessEnd& end) {
  end.window_ += mail_.credit;
  end.Push();
  if (!end.was_above_mark_ || end.over() || end.outbound().size() > kStreamLowMark) return;
  end.was_above_mark_ = false;
  end.events_->OnDrained();
}

void InProcessSide::Finish(InProcessEnd& end) {
  OpenHook(end).Unlink();
  capacity_due_ = capacity_due_ || open_count_ >= max_streams_;
  --open_count_;
  const StreamClose close = std::move(end.close_);
  end.events_->OnClosed(close);
  pipe_->Release(end);
}

void InProcessSide::AbortStreams(const absl::Status& why) {
  while (!open_.empty()) {
    InProcessEnd& end = open_.front();
    if (!end.over()) {
      end.close_due_ = true;
      end.close_ = {StreamClose::Cause::kConnectionLost, StreamError::kNoError, why};
    }
    Finish(end);
  }
}

}  // namespace weft::internal
