#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "atlas.pb.h"

namespace atlas {

// The notes that travellers have left at places; the last few of each place. Handlers run on all
// loops of a server at once: any thread may call, and the lock is never held across a co_await.
class Guestbook {
 public:
  static constexpr std::size_t kNotesPerPlace = 8;

  // The notes that others have left at `zone`, oldest first; then `note` lies there, too.
  std::vector<v1::Note> Leave(const std::string& zone, const v1::Note& note) {
    std::lock_guard lock(mutex_);
    std::deque<v1::Note>& notes = notes_[zone];
    std::vector<v1::Note> others;
    for (const v1::Note& left : notes) {
      if (left.author() != note.author()) others.push_back(left);
    }
    notes.push_back(note);
    if (notes.size() > kNotesPerPlace) notes.pop_front();
    return others;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::deque<v1::Note>> notes_;  // by zone; the table bounds them
};

}  // namespace atlas
