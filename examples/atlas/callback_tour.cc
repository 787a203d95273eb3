// Calls whose results go to callbacks, which run on the channel's thread: for programs that have an
// event loop already.
#include <future>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

#include "tour.h"
#include "weft/channel.h"

namespace atlas {
namespace {

// Each call starts the next one from its last callback. Lives until `over` is told; streams and the
// messages that are read into must outlive their callbacks, so they are members.
class Tour {
 public:
  explicit Tour(const weft::Channel& channel) : atlas_(channel) {}

  // Told once, when everything is over.
  std::future<absl::Status> Start() {
    GetPlace();
    return over_.get_future();
  }

 private:
  using ChatStream = weft::ClientReaderWriter<v1::Note, v1::Note>;

  void End(const absl::Status& status) { over_.set_value(status); }

  void GetPlace() {
    if (route_.size() == Stops().size()) return ListPlaces();
    report_.emplace("GetPlace");
    atlas_.GetPlace(Named(Stops()[route_.size()])).Then([this](absl::StatusOr<v1::Place> place) {
      absl::Status done = report_->Done(place.status(), place.ok() ? ToString(*place) : "");
      if (!done.ok()) return End(done);
      route_.push_back(*std::move(place));
      GetPlace();
    });
  }

  void ListPlaces() {
    report_.emplace("ListPlaces");
    reader_.emplace(atlas_.ListPlaces(Iberia()));
    ReadPlace();
  }

  void ReadPlace() {
    reader_->Read(place_).Then([this](bool more) {
      if (more) {
        report_->Got(place_);
        ++places_;
        return ReadPlace();
      }
      reader_->Finish().Then([this](absl::Status status) {
        absl::Status done = report_->Done(status, absl::StrCat(places_, " places"));
        done.ok() ? MeasureRoute() : End(done);
      });
    });
  }

  void MeasureRoute() {
    report_.emplace("MeasureRoute");
    writer_.emplace(atlas_.MeasureRoute());
    WritePoint(0);
  }

  void WritePoint(std::size_t next) {
    if (next < route_.size()) {
      writer_->Write(route_[next].point()).Then([this, next](absl::Status written) {
        WritePoint(written.ok() ? next + 1 : route_.size());  // Finish says why
      });
      return;
    }
    writer_->Finish().Then([this](absl::StatusOr<v1::Route> length) {
      absl::Status done = report_->Done(length.status(), length.ok() ? ToString(*length) : "");
      done.ok() ? Chat() : End(done);
    });
  }

  void Chat() {
    report_.emplace("Chat");
    chat_.emplace(atlas_.Chat());
    WriteNote(0);
  }

  void WriteNote(std::size_t next) {
    if (next == route_.size())
      chat_->WritesDone();
    else
      chat_->Write(NoteAt(route_[next], "callback")).Then([](absl::Status) {});  // Finish says why
    ReadNote(next);
  }

  void ReadNote(std::size_t at) {
    chat_->Read(note_).Then([this, at](bool more) {
      if (more) {
        report_->Got(note_);
        // The atlas's own note is the last one about a stop.
        return note_.author() == "atlas" ? WriteNote(at + 1) : ReadNote(at);
      }
      chat_->Finish().Then([this](absl::Status status) {
        absl::Status done = report_->Done(status, "over");
        done.ok() ? GetAtlantis() : End(done);
      });
    });
  }

  void GetAtlantis() {
    report_.emplace("GetPlace");
    atlas_.GetPlace(Named("Atlantis")).Then([this](absl::StatusOr<v1::Place> place) {
      absl::Status done = report_->DoneWith(absl::StatusCode::kNotFound, place.status());
      done.ok() ? ChatInSilence() : End(done);
    });
  }

  // Nobody says anything until the deadline.
  void ChatInSilence() {
    report_.emplace("Chat");
    context_.set_timeout(std::chrono::milliseconds(50));
    silent_.emplace(atlas_.Chat(context_));
    silent_->Read(note_).Then([this](bool) {  // nothing comes
      silent_->Finish().Then([this](absl::Status status) {
        End(report_->DoneWith(absl::StatusCode::kDeadlineExceeded, status));
      });
    });
  }

  v1::Atlas::Stub atlas_;
  std::promise<absl::Status> over_;
  std::optional<Report> report_;
  std::vector<v1::Place> route_;
  v1::Place place_;
  v1::Note note_;
  int places_ = 0;
  weft::ClientContext context_;
  std::optional<weft::ClientReader<v1::Place>> reader_;
  std::optional<weft::ClientWriter<v1::Point, v1::Route>> writer_;
  std::optional<ChatStream> chat_;
  std::optional<ChatStream> silent_;
};

}  // namespace

absl::Status CallbackTour(const std::string& target) {
  weft::Channel channel(target);
  Tour tour(channel);
  return tour.Start().get();
}

}  // namespace atlas
