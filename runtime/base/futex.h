#pragma once

#include <atomic>
#include <cstdint>

namespace weft::internal {

// Linux's futex: one system call to sleep and one to be woken. The wait of std::atomic gives its
// core away twice before it sleeps.

// Sleeps until the word has another value than `value`, and sees what was written before that was
// stored with release.
void WaitWhile(const std::atomic<std::uint32_t>& word, std::uint32_t value);
// For whoever has changed the word. Wakes one thread that sleeps in WaitWhile; the word itself is
// not touched, so it may be gone.
void WakeOne(const std::atomic<std::uint32_t>& word);

}  // namespace weft::internal
