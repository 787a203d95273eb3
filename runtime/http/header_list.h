#pragma once

#include <cstddef>
#include <string_view>

namespace weft::internal {

// INTERFACE SKETCH (the http module's author completes it; these names and meanings are what others use).
// One field. Views live as long as the list they stand in (until Clear or destruction).
struct HeaderField {
  std::string_view name;   // lower case
  std::string_view value;
  bool sensitive = false;  // never indexed by HPACK
};

// A codec's reference-counted memory behind a name or value, e.g. nghttp2_rcbuf. Loop thread only.
struct ForeignRef {
  void* object = nullptr;
  void (*release)(void*) = nullptr;
};

// Header fields in order of arrival: a flat array whose slots are reused. Pseudo-header fields (":path") may stand
// at the front. Loop thread only unless frozen. Moves and swaps are cheap and keep views valid.
class HeaderList {
 public:
  // Copies name and value into storage that the list owns and reuses.
  void Add(std::string_view name, std::string_view value, bool sensitive = false);
  // Keeps views of static bytes (or bytes that the caller keeps alive until Clear).
  void AddStatic(std::string_view name, std::string_view value);
  // Keeps views and releases the two objects at Clear/destruction.
  void AddForeign(std::string_view name, ForeignRef name_owner, std::string_view value, ForeignRef value_owner,
                  bool sensitive = false);
  // The first value under `name`, or an empty view whose data() is null.
  std::string_view Find(std::string_view name) const;
  bool Has(std::string_view name) const;
  std::size_t size() const;
  bool empty() const;
  const HeaderField* begin() const;
  const HeaderField* end() const;
  // Sum of name + value + 32 over all fields (RFC 9113 §6.5.2).
  std::size_t wire_size() const;
  void Clear();   // keeps capacity
};

}  // namespace weft::internal
