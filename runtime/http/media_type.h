#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weft::internal {

// A parsed content-type (RFC 9110 §8.3.1): views into the text that was parsed, which must live as
// long. Costs no allocation, so that every request can be matched by it. Names compare without
// regard to case.
class MediaType {
 public:
  // Nothing if type or subtype is no token. Parameters are not looked at yet: "application/grpc;x"
  // is a media type.
  static std::optional<MediaType> Parse(std::string_view text);

  std::string_view type() const { return type_; }
  // Without the suffix: "grpc" of "application/grpc+proto".
  std::string_view subtype() const { return subtype_; }
  // What follows the last '+': "proto", or empty.
  std::string_view suffix() const { return suffix_; }
  // Everything behind the first ';', as it came.
  std::string_view parameters() const { return parameters_; }

  // Whether type and subtype are these, whatever the suffix: Is("application", "grpc") holds for
  // "application/grpc+proto", not for "application/grpcfoo" nor "application/grpc-web".
  bool Is(std::string_view type, std::string_view subtype) const;
  bool HasSuffix(std::string_view suffix) const;
  // The first parameter of that name, its quotes and escapes removed. Malformed parameters are
  // passed over.
  std::optional<std::string> Parameter(std::string_view name) const;

 private:
  std::string_view type_;
  std::string_view subtype_;
  std::string_view suffix_;
  std::string_view parameters_;
};

}  // namespace weft::internal
