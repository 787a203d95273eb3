#include "http1/date_cache.h"

#include <cstddef>

namespace weft::http1 {
namespace {

constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

char* Put(char* to, std::string_view text) {
  for (const char c : text) *to++ = c;
  return to;
}

char* PutTwoDigits(char* to, int number) {
  *to++ = static_cast<char>('0' + number / 10 % 10);
  *to++ = static_cast<char>('0' + number % 10);
  return to;
}

}  // namespace

std::string_view DateCache::Now() {
  const std::int64_t seconds = clock_();
  if (seconds != made_at_) Format(seconds);
  return {text_.data(), text_.size()};
}

// Not by strftime, whose names are those of the process's locale.
void DateCache::Format(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm utc{};
  gmtime_r(&time, &utc);
  const int year = utc.tm_year + 1900;
  char* to = text_.data();
  to = Put(to, kDays.substr(static_cast<std::size_t>(utc.tm_wday) * 3, 3));
  to = Put(to, ", ");
  to = PutTwoDigits(to, utc.tm_mday);
  to = Put(to, " ");
  to = Put(to, kMonths.substr(static_cast<std::size_t>(utc.tm_mon) * 3, 3));
  to = Put(to, " ");
  to = PutTwoDigits(to, year / 100);
  to = PutTwoDigits(to, year % 100);
  to = Put(to, " ");
  to = PutTwoDigits(to, utc.tm_hour);
  to = Put(to, ":");
  to = PutTwoDigits(to, utc.tm_min);
  to = Put(to, ":");
  to = PutTwoDigits(to, utc.tm_sec);
  Put(to, " GMT");
  made_at_ = seconds;
}

}  // namespace weft::http1
