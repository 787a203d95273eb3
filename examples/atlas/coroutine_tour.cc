// Calls from coroutines on an event loop of one's own: they read like the blocking ones and block
// nobody.
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

#include "tour.h"
#include "weft/channel.h"
#include "weft/event_loop.h"
#include "weft/spawn.h"
#include "weft/task.h"
#include "weft/when_all.h"

namespace atlas {
namespace {

using ChatStream = weft::ClientReaderWriter<v1::Note, v1::Note>;

weft::Task<absl::Status> GetPlaces(v1::Atlas::Stub atlas, std::vector<v1::Place>& route) {
  for (const std::string& stop : Stops()) {
    Report report("GetPlace");
    v1::GetPlaceRequest request = Named(stop);
    absl::StatusOr<v1::Place> place = co_await atlas.GetPlace(request);
    if (!place.ok()) co_return report.Done(place.status(), "");
    route.push_back(*place);
    (void)report.Done(absl::OkStatus(), ToString(*place));
  }
  co_return absl::OkStatus();
}

weft::Task<absl::Status> ListPlaces(v1::Atlas::Stub atlas) {
  Report report("ListPlaces");
  weft::ClientReader<v1::Place> reader = atlas.ListPlaces(Iberia());
  v1::Place place;
  int count = 0;
  while (co_await reader.Read(place)) {
    report.Got(place);
    ++count;
  }
  absl::Status status = co_await reader.Finish();
  co_return report.Done(status, absl::StrCat(count, " places"));
}

weft::Task<absl::Status> MeasureRoute(v1::Atlas::Stub atlas, const std::vector<v1::Place>& route) {
  Report report("MeasureRoute");
  weft::ClientWriter<v1::Point, v1::Route> writer = atlas.MeasureRoute();
  for (const v1::Place& stop : route) {
    absl::Status written = co_await writer.Write(stop.point());
    if (!written.ok()) break;  // Finish says why
  }
  absl::StatusOr<v1::Route> length = co_await writer.Finish();
  co_return report.Done(length.status(), length.ok() ? ToString(*length) : "");
}

weft::Task<void> WriteNotes(ChatStream& stream, const std::vector<v1::Place>& route) {
  for (const v1::Place& stop : route) {
    v1::Note note = NoteAt(stop, "coroutine");
    absl::Status written = co_await stream.Write(note);
    if (!written.ok()) break;
  }
  stream.WritesDone();
}

weft::Task<void> ReadNotes(ChatStream& stream, Report& report) {
  v1::Note answer;
  while (co_await stream.Read(answer)) report.Got(answer);
}

// Reads and writes side by side.
weft::Task<absl::Status> Chat(v1::Atlas::Stub atlas, const std::vector<v1::Place>& route) {
  Report report("Chat");
  ChatStream stream = atlas.Chat();
  weft::Task<void> writing = WriteNotes(stream, route);
  weft::Task<void> reading = ReadNotes(stream, report);
  co_await weft::WhenAll(std::move(writing), std::move(reading));
  absl::Status status = co_await stream.Finish();
  co_return report.Done(status, "over");
}

weft::Task<absl::Status> GetAtlantis(v1::Atlas::Stub atlas) {
  Report report("GetPlace");
  v1::GetPlaceRequest request = Named("Atlantis");
  absl::StatusOr<v1::Place> place = co_await atlas.GetPlace(request);
  co_return report.DoneWith(absl::StatusCode::kNotFound, place.status());
}

// Nobody says anything until the deadline.
weft::Task<absl::Status> ChatInSilence(v1::Atlas::Stub atlas) {
  Report report("Chat");
  weft::ClientContext context;
  context.set_timeout(std::chrono::milliseconds(50));
  ChatStream stream = atlas.Chat(context);
  co_await ReadNotes(stream, report);
  absl::Status status = co_await stream.Finish();
  co_return report.DoneWith(absl::StatusCode::kDeadlineExceeded, status);
}

weft::Task<absl::Status> Tour(v1::Atlas::Stub atlas) {
  std::vector<v1::Place> route;
  absl::Status status = co_await GetPlaces(atlas, route);
  if (!status.ok()) co_return status;
  status = co_await ListPlaces(atlas);
  if (!status.ok()) co_return status;
  status = co_await MeasureRoute(atlas, route);
  if (!status.ok()) co_return status;
  status = co_await Chat(atlas, route);
  if (!status.ok()) co_return status;
  status = co_await GetAtlantis(atlas);
  if (!status.ok()) co_return status;
  status = co_await ChatInSilence(atlas);
  co_return status;
}

weft::Task<void> TourThenStop(v1::Atlas::Stub atlas, weft::EventLoop& loop, absl::Status& result) {
  result = co_await Tour(atlas);
  loop.Stop();
}

}  // namespace

absl::Status CoroutineTour(const std::string& target) {
  weft::EventLoop loop;
  weft::Channel channel(target, weft::ChannelOptions().add_loop(loop));  // no thread of its own
  absl::Status result = absl::CancelledError("the tour did not end");
  weft::Spawn(loop, TourThenStop(v1::Atlas::Stub(channel), loop, result), "tour");
  loop.Run();
  return result;
}

}  // namespace atlas
