#include "weft/event_loop.h"

#include <string>
#include <utility>

#include "base/check.h"
#include "io/loop_core.h"

namespace weft {
namespace {

class PostedFunction final : public internal::Runnable {
 public:
  explicit PostedFunction(absl::AnyInvocable<void() &&> fn) : fn_(std::move(fn)) {}
  void Run() override {
    absl::AnyInvocable<void() &&> fn = std::move(fn_);
    delete this;
    std::move(fn)();
  }

 private:
  absl::AnyInvocable<void() &&> fn_;
};

absl::StatusOr<std::unique_ptr<internal::LoopCore>> MakeCore(const EventLoop::Options& options) {
  Clock& clock = options.clock() != nullptr ? *options.clock() : Clock::System();
  return internal::LoopCore::Create(clock, options.random());
}

std::unique_ptr<internal::LoopCore> MakeCoreOrDie(const EventLoop::Options& options) {
  auto core = MakeCore(options);
  if (!core.ok()) internal::Die(std::string(core.status().message()));
  return *std::move(core);
}

}  // namespace

absl::StatusOr<std::unique_ptr<EventLoop>> EventLoop::Create(const Options& options) {
  auto core = MakeCore(options);
  if (!core.ok()) return core.status();
  return std::unique_ptr<EventLoop>(new EventLoop(*std::move(core)));
}

EventLoop::EventLoop(const Options& options) : core_(MakeCoreOrDie(options)) {}
EventLoop::EventLoop(std::unique_ptr<internal::LoopCore> core) : core_(std::move(core)) {}
EventLoop::~EventLoop() = default;

void EventLoop::Run() { core_->Run(); }
bool EventLoop::RunOnce(Duration timeout) { return core_->RunOnce(timeout); }
void EventLoop::Stop() { core_->Stop(); }
int EventLoop::fd() { return core_->fd(); }
bool EventLoop::OnThread() const { return core_->OnThread(); }
TimePoint EventLoop::Now() { return core_->Now(); }

bool EventLoop::Post(absl::AnyInvocable<void() &&> fn) {
  auto posted = std::make_unique<PostedFunction>(std::move(fn));
  if (!core_->Post(*posted)) return false;
  (void)posted.release();  // deletes itself when it has run
  return true;
}

}  // namespace weft
