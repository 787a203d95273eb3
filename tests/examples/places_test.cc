#include "examples/atlas/places.h"

#include <string>

#include "gtest/gtest.h"

namespace atlas {
namespace {

constexpr char kTable[] =
    "# codes\tcoordinates\tTZ\tcomments\n"
    "CH,DE,LI\t+4723+00832\tEurope/Zurich\tBusingen\n"
    "US\t+404251-0740023\tAmerica/New_York\tEastern (most areas)\n"
    "FJ\t-1808+17825\tPacific/Fiji\n";

v1::Point At(double latitude, double longitude) {
  v1::Point point;
  point.set_latitude(latitude);
  point.set_longitude(longitude);
  return point;
}

Places Three() { return *Places::Parse(kTable); }

TEST(PlacesTest, LineGivesAllOfAPlace) {
  const Places places = Three();
  ASSERT_EQ(places.all().size(), 3u);
  const v1::Place& zurich = places.all()[0];
  EXPECT_EQ(zurich.zone(), "Europe/Zurich");
  EXPECT_EQ(zurich.city(), "Zurich");
  EXPECT_EQ(zurich.comment(), "Busingen");
  ASSERT_EQ(zurich.countries_size(), 3);
  EXPECT_EQ(zurich.countries(2), "LI");
  EXPECT_NEAR(zurich.point().latitude(), 47 + 23 / 60.0, 1e-9);
  EXPECT_NEAR(zurich.point().longitude(), 8 + 32 / 60.0, 1e-9);
  EXPECT_EQ(places.all()[2].comment(), "");
}

TEST(PlacesTest, CoordinatesMayHaveSecondsAndSigns) {
  const Places places = Three();
  EXPECT_NEAR(places.all()[1].point().latitude(), 40 + 42 / 60.0 + 51 / 3600.0, 1e-9);
  EXPECT_NEAR(places.all()[1].point().longitude(), -(74 + 0 / 60.0 + 23 / 3600.0), 1e-9);
  EXPECT_NEAR(places.all()[2].point().latitude(), -(18 + 8 / 60.0), 1e-9);
}

TEST(PlacesTest, LineThatNamesNoPlaceIsRefusedWithItsNumber) {
  for (const char* line :
       {"CH", "CH\t+4723+00832\t", "CH\t4723+00832\tA/B", "CH\t+4723\tA/B", "CH\t\tA/B",
        "CH\t+47x3+00832\tA/B", "CH\t+9123+00832\tA/B", "CH\t+47230+00832\tA/B"}) {
    const absl::StatusOr<Places> places = Places::Parse(std::string("# none\n") + line + "\n");
    EXPECT_EQ(places.status().code(), absl::StatusCode::kInvalidArgument) << line;
    EXPECT_NE(places.status().message().find("line 2"), std::string::npos) << places.status();
  }
  EXPECT_FALSE(Places::Parse("").ok());
}

TEST(PlacesTest, MissingTableIsNamed) {
  const absl::StatusOr<Places> places = Places::Load("/no/such/table");
  EXPECT_EQ(places.status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(places.status().message().find("/no/such/table"), std::string::npos);
}

TEST(PlacesTest, PlaceIsFoundByZoneAndByCity) {
  const Places places = Three();
  ASSERT_NE(places.Find("New York"), nullptr);
  EXPECT_EQ(places.Find("New York"), places.Find("America/New_York"));
  EXPECT_EQ(places.Find("Atlantis"), nullptr);
}

TEST(PlacesTest, NearestGoesAcrossTheDateLine) {
  const Places places = Three();
  EXPECT_EQ(places.Nearest(At(-18, -179)).city(), "Fiji");
  EXPECT_EQ(places.Nearest(At(48, 9)).city(), "Zurich");
}

TEST(PlacesTest, RectangleMayCrossTheDateLine) {
  v1::Rectangle rectangle;
  *rectangle.mutable_southwest() = At(-30, 170);
  *rectangle.mutable_northeast() = At(0, -170);
  EXPECT_TRUE(Contains(rectangle, At(-18, 178)));
  EXPECT_TRUE(Contains(rectangle, At(-18, -178)));
  EXPECT_FALSE(Contains(rectangle, At(-18, 0)));
  EXPECT_FALSE(Contains(rectangle, At(10, 178)));
}

TEST(PlacesTest, DistancesAreGreatCircles) {
  EXPECT_NEAR(Kilometres(At(0, 0), At(0, 180)), 20015.1, 0.1);
  EXPECT_NEAR(Kilometres(At(0, 0), At(90, 0)), 10007.6, 0.1);
  EXPECT_NEAR(Kilometres(At(10, 179.5), At(10, -179.5)), Kilometres(At(10, 0), At(10, 1)), 1e-6);
  EXPECT_EQ(Kilometres(At(12, 34), At(12, 34)), 0);
}

}  // namespace
}  // namespace atlas
