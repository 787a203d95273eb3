// Serves the atlas: gRPC and JSON on one port. Run it, then atlas_client, or
//   curl localhost:8080/atlas.v1.Atlas/GetPlace --json '{"name": "Zurich"}'
#include "weft/server.h"

#include <cmath>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "atlas.weft.h"
#include "guestbook.h"
#include "places.h"

namespace atlas {
namespace {

absl::Status CheckPoint(const v1::Point& point) {
  if (IsOnEarth(point)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(point.latitude(), ", ", point.longitude(),
                   " is not on earth: latitudes end at 90 degrees, longitudes at 180"));
}

class AtlasService final : public v1::Atlas::Service {
 public:
  explicit AtlasService(const Places& places) : places_(places) {}

 private:
  weft::Task<absl::Status> GetPlace(weft::ServerContext&, const v1::GetPlaceRequest& request,
                                    v1::Place& reply) override {
    const v1::Place* found = places_.Find(request.name());
    if (found == nullptr) {
      co_return absl::NotFoundError(absl::StrCat("no zone and no city is called ", request.name()));
    }
    reply = *found;
    co_return absl::OkStatus();
  }

  weft::Task<absl::Status> ListPlaces(weft::ServerContext&, const v1::Rectangle& rectangle,
                                      weft::ServerWriter<v1::Place>& writer) override {
    for (const v1::Place& place : places_.all()) {
      if (!Contains(rectangle, place.point())) continue;
      absl::Status written = co_await writer.Write(place);
      if (!written.ok()) co_return written;  // the client is gone
    }
    co_return absl::OkStatus();
  }

  weft::Task<absl::Status> MeasureRoute(weft::ServerContext&, weft::ServerReader<v1::Point>& reader,
                                        v1::Route& route) override {
    v1::Point point, last;
    while (co_await reader.Read(point)) {
      absl::Status valid = CheckPoint(point);
      if (!valid.ok()) co_return valid;
      if (route.points() > 0) route.set_kilometres(route.kilometres() + Kilometres(last, point));
      route.set_points(route.points() + 1);
      last = point;
    }
    co_return absl::OkStatus();
  }

  weft::Task<absl::Status> Chat(weft::ServerContext&,
                                weft::ServerReaderWriter<v1::Note, v1::Note>& stream) override {
    v1::Note note;
    while (co_await stream.Read(note)) {
      absl::Status valid = CheckPoint(note.point());
      if (!valid.ok()) co_return valid;
      const v1::Place& place = places_.Nearest(note.point());
      std::vector<v1::Note> answers = guestbook_.Leave(place.zone(), note);
      answers.push_back(Greeting(place, note, answers.size()));
      for (const v1::Note& answer : answers) {
        absl::Status written = co_await stream.Write(answer);
        if (!written.ok()) co_return written;
      }
    }
    co_return absl::OkStatus();
  }

  static v1::Note Greeting(const v1::Place& place, const v1::Note& note, std::size_t others) {
    v1::Note greeting;
    greeting.set_author("atlas");
    greeting.set_text(absl::StrCat("you are ", std::round(Kilometres(place.point(), note.point())),
                                   " km from ", place.city(), "; notes of others there: ", others));
    *greeting.mutable_point() = place.point();
    return greeting;
  }

  const Places& places_;
  Guestbook guestbook_;
};

int Serve(const std::string& address) {
  absl::StatusOr<Places> places = Places::Load(kZoneTable);
  absl::Status status = places.status();
  if (status.ok()) {
    AtlasService atlas(*places);
    weft::Server server;
    server.Register(atlas);
    status = server.Listen(address);
    if (status.ok()) {
      std::cout << "listening on port " << server.port() << " with " << places->all().size()
                << " places" << std::endl;
      status = server.Run();  // until SIGTERM; lets running calls end
    }
  }
  if (!status.ok()) std::cerr << "atlas_server: " << status << "\n";
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace atlas

int main(int argc, char** argv) { return atlas::Serve(argc > 1 ? argv[1] : "localhost:8080"); }
