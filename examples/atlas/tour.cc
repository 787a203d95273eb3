#include "tour.h"

#include <cstdio>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace atlas {
namespace {

std::string ToString(const v1::Point& point) {
  return absl::StrFormat("%.2f %.2f", point.latitude(), point.longitude());
}

}  // namespace

const std::vector<std::string>& Stops() {
  static const std::vector<std::string> stops = {"Lisbon", "Madrid", "Paris", "Zurich"};
  return stops;
}

v1::GetPlaceRequest Named(std::string_view city) {
  v1::GetPlaceRequest request;
  request.set_name(std::string(city));
  return request;
}

v1::Rectangle Iberia() {
  v1::Rectangle rectangle;
  rectangle.mutable_southwest()->set_latitude(35);
  rectangle.mutable_southwest()->set_longitude(-10);
  rectangle.mutable_northeast()->set_latitude(44);
  rectangle.mutable_northeast()->set_longitude(4);
  return rectangle;
}

v1::Note NoteAt(const v1::Place& place, std::string_view author) {
  v1::Note note;
  note.set_author(std::string(author));
  note.set_text(absl::StrCat("greetings from ", place.city()));
  *note.mutable_point() = place.point();
  return note;
}

Report::Report(std::string_view call) : call_(call), start_(weft::Clock::System().Now()) {}

void Report::Got(const v1::Note& note) {
  std::cout << "      " << note.author() << ": " << note.text() << "\n";
}

void Report::Got(const v1::Place& place) { std::cout << "      " << ToString(place) << "\n"; }

absl::Status Report::Done(const absl::Status& status, std::string_view outcome) {
  Print(status.ok() ? outcome : status.ToString());
  return status;
}

absl::Status Report::DoneWith(absl::StatusCode expected, const absl::Status& status) {
  Print(status.ToString());
  if (status.code() == expected) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(call_, " should have failed with ",
                                          absl::StatusCodeToString(expected), " but gave ",
                                          status.ToString()));
}

void Report::Print(std::string_view outcome) {
  const std::chrono::duration<double, std::milli> took = weft::Clock::System().Now() - start_;
  std::cout << absl::StrFormat("%8.2f ms  %-13s %s", took.count(), call_, std::string(outcome))
            << std::endl;
}

std::string ToString(const v1::Place& place) {
  return absl::StrCat(place.city(), " (", absl::StrJoin(place.countries(), " "), ") at ",
                      ToString(place.point()));
}

std::string ToString(const v1::Route& route) {
  return absl::StrFormat("%.1f km over %d places", route.kilometres(), route.points());
}

}  // namespace atlas
