#include "places.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numbers>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace atlas {
namespace {

// "+4723" or "+00832": a sign, degrees of `width` digits, minutes and perhaps seconds of two.
std::optional<double> ParseDegrees(std::string_view text, std::size_t width) {
  const std::size_t digits = text.size() - 1;
  if (digits != width + 2 && digits != width + 4) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t count) {
    double value = 0;
    for (const char c : text.substr(at, count)) value = value * 10 + (c - '0');
    return value;
  };
  if (!std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  const double seconds = digits == width + 4 ? number(width + 3, 2) : 0;
  const double degrees = number(1, width) + number(width + 1, 2) / 60 + seconds / 3600;
  return text[0] == '-' ? -degrees : degrees;
}

// "+4723+00832" or, with seconds, "+404251-0740023".
bool ParsePoint(std::string_view text, v1::Point& point) {
  const std::size_t second = text.find_first_of("+-", 1);
  if (text.empty() || (text[0] != '+' && text[0] != '-') || second == text.npos) return false;
  const std::optional<double> latitude = ParseDegrees(text.substr(0, second), 2);
  const std::optional<double> longitude = ParseDegrees(text.substr(second), 3);
  if (!latitude || !longitude) return false;
  point.set_latitude(*latitude);
  point.set_longitude(*longitude);
  return IsOnEarth(point);
}

double Radians(double degrees) { return degrees * std::numbers::pi / 180; }

}  // namespace

absl::StatusOr<Places> Places::Parse(std::string_view table) {
  Places places;
  int number = 0;
  std::istringstream lines{std::string(table)};
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> columns = absl::StrSplit(line, '\t');
    v1::Place place;
    if (columns.size() < 3 || columns[2].empty() ||
        !ParsePoint(columns[1], *place.mutable_point())) {
      return absl::InvalidArgumentError(absl::StrCat("line ", number, " names no place: ", line));
    }
    const std::vector<std::string> codes = absl::StrSplit(columns[0], ',');
    place.mutable_countries()->Add(codes.begin(), codes.end());
    place.set_zone(columns[2]);
    place.set_city(absl::StrReplaceAll(columns[2].substr(columns[2].rfind('/') + 1), {{"_", " "}}));
    if (columns.size() > 3) place.set_comment(columns[3]);
    places.places_.push_back(std::move(place));
  }
  if (places.places_.empty()) return absl::InvalidArgumentError("the table has no places");
  return places;
}

absl::StatusOr<Places> Places::Load(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    return absl::NotFoundError(
        absl::StrCat("can't read the time-zone table ", path, "; Debian's tzdata has it"));
  }
  absl::StatusOr<Places> places = Parse(text.str());
  if (places.ok()) return places;
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", places.status().ToString()));
}

const v1::Place* Places::Find(std::string_view name) const {
  for (const v1::Place& place : places_) {
    if (place.zone() == name || place.city() == name) return &place;
  }
  return nullptr;
}

const v1::Place& Places::Nearest(const v1::Point& point) const {
  return *std::min_element(places_.begin(), places_.end(), [&](const auto& a, const auto& b) {
    return Kilometres(a.point(), point) < Kilometres(b.point(), point);
  });
}

bool Contains(const v1::Rectangle& rectangle, const v1::Point& point) {
  const double west = rectangle.southwest().longitude();
  const double east = rectangle.northeast().longitude();
  const bool after_west = point.longitude() >= west;
  const bool before_east = point.longitude() <= east;
  return point.latitude() >= rectangle.southwest().latitude() &&
         point.latitude() <= rectangle.northeast().latitude() &&
         (west <= east ? after_west && before_east : after_west || before_east);
}

bool IsOnEarth(const v1::Point& point) {
  return std::abs(point.latitude()) <= 90 && std::abs(point.longitude()) <= 180;
}

double Kilometres(const v1::Point& from, const v1::Point& to) {
  // The haversine formula: exact enough for near points, too.
  constexpr double kEarthDiameter = 2 * 6371.0088;
  const double north = std::sin(Radians(to.latitude() - from.latitude()) / 2);
  const double east = std::sin(Radians(to.longitude() - from.longitude()) / 2);
  const double chord = north * north + std::cos(Radians(from.latitude())) *
                                           std::cos(Radians(to.latitude())) * east * east;
  return kEarthDiameter * std::asin(std::min(1.0, std::sqrt(chord)));
}

}  // namespace atlas
