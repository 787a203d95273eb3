#pragma once

#include <pthread.h>
#include <signal.h>

#include <initializer_list>

namespace weft::internal {

// While it lives, threads that are made take no signals but those of their own faults, so that the
// application's handlers run on the application's threads.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t most;
    ::sigfillset(&most);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF}) {
      ::sigdelset(&most, fault);
    }
    ::pthread_sigmask(SIG_BLOCK, &most, &former_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &former_, nullptr); }

 private:
  sigset_t former_;
};

}  // namespace weft::internal
