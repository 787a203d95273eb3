// Makes calls of all four kinds to an atlas_server in each of the three styles:
//   atlas_client dns:///localhost:8080
#include <iostream>
#include <string>

#include "tour.h"

namespace {

bool Run(const char* style, absl::Status (*tour)(const std::string&), const std::string& target) {
  std::cout << "\n" << style << "\n";
  const absl::Status status = tour(target);
  if (!status.ok()) std::cerr << "atlas_client: " << status << "\n";
  return status.ok();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string target = argc > 1 ? argv[1] : "dns:///localhost:8080";
  const bool ok = Run("From a thread, which waits:", atlas::BlockingTour, target) &&
                  Run("With callbacks:", atlas::CallbackTour, target) &&
                  Run("In coroutines:", atlas::CoroutineTour, target);
  return ok ? 0 : 1;
}
