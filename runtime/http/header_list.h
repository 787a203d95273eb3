#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace weft::internal {

// One field. Views live as long as the list they stand in (until Clear or destruction).
struct HeaderField {
  std::string_view name;  // lower case
  std::string_view value;
  bool sensitive = false;  // never indexed by HPACK
};

// Header fields in order of arrival: a flat array whose slots are reused. Pseudo-header fields
// (":path") may stand at the front. Owned by a head, which is owned by a stream or a call. Loop
// thread only, unless nobody changes it. Moves and swaps take a few pointers and keep views valid;
// a moved-from list is empty. Names and values may hold any bytes: whoever takes them from outside
// checks them first (http/header_rules.h).
class HeaderList {
 public:
  HeaderList() = default;
  HeaderList(HeaderList&& other) noexcept = default;
  HeaderList& operator=(HeaderList&& other) noexcept = default;
  ~HeaderList() = default;

  // Copies name and value into storage that the list owns and reuses.
  void Add(std::string_view name, std::string_view value, bool sensitive = false);
  // Keeps views of static bytes (or bytes that the caller keeps alive until Clear, as StoreText's).
  void AddStatic(std::string_view name, std::string_view value, bool sensitive = false);
  // A name that is static (or kept alive as above) with a value that is copied.
  void AddStaticName(std::string_view name, std::string_view value, bool sensitive = false);
  // Copies every field of `other` behind the own ones.
  void AddAll(const HeaderList& other);
  // The same by reference: `other`'s memory must live until Clear.
  void AddAllStatic(const HeaderList& other);

  // Storage that lives until Clear, for text that goes along with the fields (a head's path): n
  // writable bytes.
  char* AllocateText(std::size_t n);
  std::string_view StoreText(std::string_view text);

  // The first value under `name`, or an empty view whose data() is null.
  std::string_view Find(std::string_view name) const;
  bool Has(std::string_view name) const;
  std::size_t size() const { return store_ != nullptr ? store_->fields.size() : 0; }
  bool empty() const { return size() == 0; }
  const HeaderField& operator[](std::size_t index) const { return store_->fields[index]; }
  const HeaderField* begin() const { return store_ != nullptr ? store_->fields.data() : nullptr; }
  const HeaderField* end() const { return begin() + size(); }
  // Sum of name + value + 32 over all fields (RFC 9113 §6.5.2).
  std::size_t wire_size() const { return store_ != nullptr ? store_->wire_size : 0; }
  // Keeps capacity up to kMaxKept...: what one large head took is given back.
  void Clear();

  void Swap(HeaderList& other) noexcept { store_.swap(other.store_); }

  static constexpr std::size_t kMaxKeptFields = 64;
  static constexpr std::size_t kMaxKeptText = 4096;

 private:
  void Push(std::string_view name, std::string_view value, bool sensitive);

  // Made with the first field or text, and kept: of the lists of a call most stay empty, and an
  // idle stream should cost what it holds.
  struct Store {
    // Text that does not fit into `block`.
    char* MoreText(std::size_t n);

    std::vector<HeaderField> fields;
    // Text is cut from the front of `block`. What does not fit goes to blocks of its own; the next
    // Clear replaces them all by one block that would have held everything, so that a list in
    // steady use allocates nothing.
    std::unique_ptr<char[]> block;
    std::size_t block_size = 0;
    std::size_t block_used = 0;
    std::vector<std::unique_ptr<char[]>> overflow;
    std::size_t text_size = 0;  // of all text since Clear
    std::size_t next_block_size = 256;
    std::size_t wire_size = 0;
  };
  Store& store() {
    if (store_ == nullptr) [[unlikely]]
      Make();
    return *store_;
  }
  void Make();

  std::unique_ptr<Store> store_;
};

inline void swap(HeaderList& a, HeaderList& b) noexcept { a.Swap(b); }

}  // namespace weft::internal
