#pragma once
// INTERFACE SKETCH: class Chunk final : public BufferOwner { char* data(); size_t capacity(); ... };
// class ChunkRef: move-only counted reference with ->, converts to OwnerRef by std::move(ref).ToOwner() / ref.Share().
