// Calls from a plain thread: Wait() sleeps until the result is there.
#include "absl/strings/str_cat.h"

#include "tour.h"
#include "weft/channel.h"

namespace atlas {

absl::Status BlockingTour(const std::string& target) {
  weft::Channel channel(target);  // owns the thread that does the work
  v1::Atlas::Stub atlas(channel);

  std::vector<v1::Place> route;
  for (const std::string& stop : Stops()) {
    Report report("GetPlace");
    absl::StatusOr<v1::Place> place = atlas.GetPlace(Named(stop)).Wait();
    if (!place.ok()) return report.Done(place.status(), "");
    route.push_back(*place);
    (void)report.Done(absl::OkStatus(), ToString(*place));
  }

  {
    Report report("ListPlaces");
    weft::ClientReader<v1::Place> reader = atlas.ListPlaces(Iberia());
    v1::Place place;
    int count = 0;
    while (reader.Read(place).Wait()) {
      report.Got(place);
      ++count;
    }
    absl::Status status = reader.Finish().Wait();
    if (absl::Status done = report.Done(status, absl::StrCat(count, " places")); !done.ok())
      return done;
  }

  {
    Report report("MeasureRoute");
    weft::ClientWriter<v1::Point, v1::Route> writer = atlas.MeasureRoute();
    for (const v1::Place& stop : route) {
      if (absl::Status written = writer.Write(stop.point()).Wait(); !written.ok())
        break;  // Finish says why
    }
    absl::StatusOr<v1::Route> length = writer.Finish().Wait();
    absl::Status done = report.Done(length.status(), length.ok() ? ToString(*length) : "");
    if (!done.ok()) return done;
  }

  {
    Report report("Chat");
    weft::ClientReaderWriter<v1::Note, v1::Note> stream = atlas.Chat();
    v1::Note answer;
    for (const v1::Place& stop : route) {
      if (absl::Status written = stream.Write(NoteAt(stop, "blocking")).Wait(); !written.ok())
        break;
      while (stream.Read(answer).Wait()) {
        report.Got(answer);
        if (answer.author() == "atlas") break;  // its note is the last one about this stop
      }
    }
    if (absl::Status done = report.Done(stream.Finish().Wait(), "over"); !done.ok()) return done;
  }

  {
    Report report("GetPlace");
    absl::StatusOr<v1::Place> place = atlas.GetPlace(Named("Atlantis")).Wait();
    absl::Status done = report.DoneWith(absl::StatusCode::kNotFound, place.status());
    if (!done.ok()) return done;
  }

  // A chat in which nobody says anything ends with the deadline.
  Report report("Chat");
  weft::ClientContext context;
  context.set_timeout(std::chrono::milliseconds(50));
  weft::ClientReaderWriter<v1::Note, v1::Note> silent = atlas.Chat(context);
  v1::Note answer;
  while (silent.Read(answer).Wait()) report.Got(answer);
  return report.DoneWith(absl::StatusCode::kDeadlineExceeded, silent.Finish().Wait());
}

}  // namespace atlas
