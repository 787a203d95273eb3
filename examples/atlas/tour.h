#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "atlas.weft.h"
#include "weft/clock.h"

namespace atlas {

// The same calls in the three styles. OK when all went as it should, errors that are meant
// included.
absl::Status BlockingTour(const std::string& target);
absl::Status CallbackTour(const std::string& target);
absl::Status CoroutineTour(const std::string& target);

// --- What the tours ask for.
const std::vector<std::string>& Stops();
v1::GetPlaceRequest Named(std::string_view city);
v1::Rectangle Iberia();
v1::Note NoteAt(const v1::Place& place, std::string_view author);

// --- How they print it.
// What one call did, and how long it took since the object was made.
class Report {
 public:
  explicit Report(std::string_view call);
  // A line on the way.
  void Got(const v1::Note& note);
  void Got(const v1::Place& place);
  // The last line: the outcome and the time. Gives the status back.
  absl::Status Done(const absl::Status& status, std::string_view outcome);
  // The same for a call that must fail with `expected`; OK when it did.
  absl::Status DoneWith(absl::StatusCode expected, const absl::Status& status);

 private:
  void Print(std::string_view outcome);

  const std::string call_;
  const weft::TimePoint start_;
};

std::string ToString(const v1::Place& place);
std::string ToString(const v1::Route& route);

}  // namespace atlas
