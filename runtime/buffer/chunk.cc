#include "buffer/chunk.h"

#include <new>

namespace weft::internal {

Chunk* Chunk::Create(ChunkHome* home, std::size_t capacity, std::uint8_t size_class) {
  void* block = ::operator new(sizeof(Chunk) + capacity);
  return new (block) Chunk(home, capacity, size_class);
}

void Chunk::Destroy(Chunk* chunk) {
  chunk->~Chunk();
  ::operator delete(chunk);
}

}  // namespace weft::internal
