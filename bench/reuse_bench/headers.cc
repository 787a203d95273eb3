// The fields of a call's head: a flat list whose slots and text are used again, beside maps and
// strings; views beside copies; and the method of a path.
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "benchmark/benchmark.h"

#include "base/absl_view.h"
#include "http/header_list.h"
#include "server/router.h"
#include "weft/raw_service.h"

namespace weft::internal {
namespace {

using Field = std::pair<std::string_view, std::string_view>;

// What grpc-go's client sends, and what a mesh and an application add to it.
constexpr std::array<Field, 16> kFields = {{
    {"content-type", "application/grpc"},
    {"te", "trailers"},
    {"user-agent", "grpc-go/1.66.0"},
    {"grpc-timeout", "999873u"},
    {"grpc-accept-encoding", "identity,deflate,gzip"},
    {"authorization", "Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiI0MiIsImF1ZCI6Im9yZGVycyJ9.c2ln"},
    {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
    {"x-request-id", "7d4f5f1e-8c3b-4a55-9a6e-0f2f0f9b8d11"},
    {"x-forwarded-for", "10.32.4.17"},
    {"x-forwarded-proto", "https"},
    {"x-tenant", "acme"},
    {"x-region", "eu-central-1"},
    {"x-client-version", "5.12.3"},
    {"x-experiment", "checkout-b"},
    {"x-retry-attempt", "0"},
    {"baggage", "userTier=gold,session=28c1"},
}};
// What is looked up in it, the last in vain.
constexpr std::array<std::string_view, 5> kAsked = {"content-type", "te", "grpc-timeout",
                                                    "x-request-id", "grpc-encoding"};

// Fills `fields` by `add`, asks by `find`, and empties it by `clear`.
template <typename Add, typename Find, typename Clear>
void HeadOfACall(benchmark::State& state, Add add, Find find, Clear clear) {
  const auto count = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    for (std::size_t i = 0; i < count; ++i) add(kFields[i].first, kFields[i].second);
    for (std::string_view name : kAsked) benchmark::DoNotOptimize(find(name));
    clear();
  }
}

void ListReused(benchmark::State& state) {
  HeaderList list;
  HeadOfACall(
      state, [&](auto name, auto value) { list.Add(name, value); },
      [&](auto name) { return list.Find(name); }, [&] { list.Clear(); });
}
BENCHMARK(ListReused)->Name("head/on")->Arg(8)->Arg(16);

void ListNew(benchmark::State& state) {
  HeaderList list;
  HeadOfACall(
      state, [&](auto name, auto value) { list.Add(name, value); },
      [&](auto name) { return list.Find(name); }, [&] { list = HeaderList(); });
}
BENCHMARK(ListNew)->Name("head/a new list")->Arg(8)->Arg(16);

template <typename Map>
void InMap(benchmark::State& state) {
  Map map;
  HeadOfACall(
      state, [&](auto name, auto value) { map.emplace(std::string(name), std::string(value)); },
      [&](auto name) {
        const auto found = map.find(Absl(name));
        return found == map.end() ? std::string_view() : std::string_view(found->second);
      },
      [&] { map.clear(); });
}
BENCHMARK(InMap<std::map<std::string, std::string, std::less<>>>)
    ->Name("head/std::map")
    ->Arg(8)
    ->Arg(16);
BENCHMARK(InMap<absl::flat_hash_map<std::string, std::string>>)
    ->Name("head/flat_hash_map")
    ->Arg(8)
    ->Arg(16);

// What is sent is static for the most part.
void ListOfViews(benchmark::State& state) {
  HeaderList list;
  HeadOfACall(
      state, [&](auto name, auto value) { list.AddStatic(name, value); },
      [&](auto name) { return list.Find(name); }, [&] { list.Clear(); });
}
BENCHMARK(ListOfViews)->Name("head to send/on")->Arg(8)->Arg(16);
BENCHMARK(ListReused)->Name("head to send/copied")->Arg(8)->Arg(16);

void ListOfStrings(benchmark::State& state) {
  std::vector<std::pair<std::string, std::string>> list;
  HeadOfACall(
      state, [&](auto name, auto value) { list.emplace_back(name, value); },
      [&](auto name) {
        for (const auto& [key, value] : list) {
          if (key == name) return std::string_view(value);
        }
        return std::string_view();
      },
      [&] { list.clear(); });
}
BENCHMARK(ListOfStrings)->Name("head/a vector of strings")->Arg(8)->Arg(16);

constexpr int kMethods = 64;

std::vector<std::string> Paths() {
  std::vector<std::string> paths;
  paths.reserve(kMethods);
  for (int i = 0; i < kMethods; ++i) {
    paths.push_back("/acme.orders.v1.OrderService/Method" + std::to_string(i));
  }
  return paths;
}

void RouteByView(benchmark::State& state) {
  const std::vector<std::string> paths = Paths();
  RawService service;
  for (const std::string& path : paths) {
    service.AddUnary(path, [](ServerContext&, const Bytes&, Bytes&) -> Task<absl::Status> {
      co_return absl::OkStatus();
    });
  }
  Router router;
  router.Add(service);
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(router.Find(paths[next]));
    next = (next + 1) % kMethods;
  }
}
BENCHMARK(RouteByView)->Name("method of a path/on");

void RouteByString(benchmark::State& state) {
  const std::vector<std::string> paths = Paths();
  std::unordered_map<std::string, std::size_t> router;
  for (const std::string& path : paths) router.emplace(path, router.size());
  std::size_t next = 0;
  for (auto _ : state) {
    const std::string_view received = paths[next];
    benchmark::DoNotOptimize(router.find(std::string(received))->second);
    next = (next + 1) % kMethods;
  }
}
BENCHMARK(RouteByString)->Name("method of a path/strings");

}  // namespace
}  // namespace weft::internal
