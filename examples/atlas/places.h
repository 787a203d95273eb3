#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "atlas.pb.h"

namespace atlas {

// The table of Debian's tzdata.
inline constexpr char kZoneTable[] = "/usr/share/zoneinfo/zone1970.tab";

// The places of a time-zone table. Constant once it is made, so any thread may use it.
class Places {
 public:
  // Lines of country codes, coordinates, zone name and comment, with tabs between; '#' begins a
  // comment.
  static absl::StatusOr<Places> Parse(std::string_view table);
  static absl::StatusOr<Places> Load(const std::string& path);

  const std::vector<v1::Place>& all() const { return places_; }
  // By zone or city; null when there is none.
  const v1::Place* Find(std::string_view name) const;
  const v1::Place& Nearest(const v1::Point& point) const;

 private:
  std::vector<v1::Place> places_;
};

bool Contains(const v1::Rectangle& rectangle, const v1::Point& point);
bool IsOnEarth(const v1::Point& point);
// Along a great circle.
double Kilometres(const v1::Point& from, const v1::Point& to);

}  // namespace atlas
