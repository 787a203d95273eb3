#include "rpc/option_range.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"

#include "base/absl_view.h"

namespace weft::internal {

absl::Status OutOfRange(std::string_view setter, std::string_view value, std::string_view range) {
  return absl::InvalidArgumentError(
      absl::StrCat(Absl(setter), "(", Absl(value), ") is out of its range: ", Absl(range)));
}

std::string SizeText(std::size_t bytes) {
  return IsNegative(bytes) ? absl::StrCat(static_cast<std::ptrdiff_t>(bytes)) : absl::StrCat(bytes);
}

std::string DurationText(Duration duration) {
  struct Unit {
    std::int64_t size;
    const char* name;
  };
  constexpr Unit kUnits[] = {
      {3'600'000'000'000, " h"}, {60'000'000'000, " min"}, {1'000'000'000, " s"},
      {1'000'000, " ms"},        {1'000, " us"},           {1, " ns"}};
  const std::int64_t count = duration.count();
  if (count == 0) return "0 s";
  const Unit* unit = kUnits;
  while (count % unit->size != 0) ++unit;
  return absl::StrCat(count / unit->size, unit->name);
}

absl::Status CheckMessageLimit(std::string_view setter, std::size_t bytes) {
  if (bytes > 0 && !IsNegative(bytes)) return absl::OkStatus();
  return OutOfRange(setter, SizeText(bytes), "1 byte or more");
}

absl::Status CheckPriorityFloor(std::string_view setter, double share) {
  // Not so for NaN either.
  if (share >= 0 && share <= 0.5) return absl::OkStatus();
  return OutOfRange(setter, absl::StrCat(share), "0 (strict order) to 0.5");
}

absl::Status CheckAboveZero(std::string_view setter, Duration duration) {
  if (duration > Duration::zero()) return absl::OkStatus();
  return OutOfRange(setter, DurationText(duration), "above 0");
}

}  // namespace weft::internal
