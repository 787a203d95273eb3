#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "weft/clock.h"

// Every threshold of the runtime, with its reason. "Measured" names the benchmark that chose it.
namespace weft::internal {

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;

// ---- Chunks ----

// 1 KiB holds a small call's head or message, 4 KiB a page, 16 KiB one HTTP/2 frame of the default
// size and one TLS record, 64 KiB about one flush quantum. Steps of four waste at most three
// quarters of a chunk and keep the number of free lists, and so of idle chunks, small.
inline constexpr std::array<std::size_t, 4> kChunkSizes = {1 * kKiB, 4 * kKiB, 16 * kKiB,
                                                           64 * kKiB};
inline constexpr std::size_t kSmallestChunk = kChunkSizes.front();
inline constexpr std::size_t kLargestChunk = kChunkSizes.back();

// What a loop's chunk pool keeps idle at most. Enough for 5,000 concurrent small calls with some
// chunks each; above it chunks go back to malloc at once.
inline constexpr std::size_t kPoolMaxIdleBytes = 16 * kMiB;
// What waits in a pool's return stack at most. It is emptied at every miss and every trim, so only
// a loop that has stopped allocating ever comes near.
inline constexpr std::size_t kPoolMaxReturnedBytes = 4 * kMiB;
// What other threads' depot of a pool keeps idle at most.
inline constexpr std::size_t kDepotMaxIdleBytes = 2 * kMiB;
// A chunk or block that lay idle for a whole interval is given back. A second is long against the
// pause between two bursts and short against what an operator would call a leak.
inline constexpr Duration kPoolTrimInterval = std::chrono::seconds(1);

// A pool's watchers hear of its bytes in use in steps of this, so that what the loops of a server
// share is written once per 64 KiB that come or go, not per call.
inline constexpr std::size_t kUseStep = 64 * kKiB;
// What pools gave back to malloc stays the process's until malloc_trim, which walks the whole heap:
// only after so much has gone that an operator would miss it.
inline constexpr std::size_t kHeapTrimStep = 32 * kMiB;
// While the pools still give back so much in one interval, that waits.
inline constexpr std::size_t kHeapTrimRest = 1 * kMiB;

// ---- The memory budget ----

// From half of the budget on, connections that hold more than their even share of that half are
// held back; at the whole of it all are. So what one half may be taken by few, and the other is
// left for the many. Each mark is left an eighth of the budget below it, so that it is not crossed
// with every call.
inline constexpr std::size_t kTightPart = 2;
inline constexpr std::size_t kMarkGapPart = 8;
// No server starts on less: use is counted in steps of 64 KiB, and one connection's first window
// and reply would fill it.
inline constexpr std::size_t kLeastBudget = 256 * kKiB;
// A connection below this is never above its share: one read chunk, about one flush quantum.
inline constexpr std::size_t kLeastShare = 64 * kKiB;
// While the budget is tight the connections are looked over this often, or sooner when use has
// grown by a 64th of it; and one connection is lent credit for a call that waits for more of its
// request, so that accepted calls can't stop one another.
inline constexpr Duration kBudgetTick = std::chrono::milliseconds(50);
inline constexpr std::size_t kBudgetGrowthPart = 64;
// A loop that holds a few chunks looks so often while the budget is free, as far as it knows: other
// loops may have filled it, and its own peers be as good as gone.
inline constexpr Duration kBudgetGlance = std::chrono::seconds(5);
// So much it is lent, or half of a larger window, of which alone HTTP/2 peers are told: 5 MB/s
// through a server that would otherwise stand still, and little above the budget should the peers
// never complete what they have begun.
inline constexpr std::size_t kLentCredit = 256 * kKiB;
// Who has not used it up by then is slow, or gone, and loses its turn. Others are lent some beside
// it, as long as no more than this part of the budget is used above it; then one at a time, for so
// much the longer as it may be the last that there is room for.
inline constexpr Duration kLoanPatience = std::chrono::seconds(1);
inline constexpr std::size_t kOverdraftPart = 4;
inline constexpr Duration kLastLoanPatience = std::chrono::seconds(5);
// At the whole budget a connection that holds some of it, and on which next to nothing has moved
// for so long although its peer could move it, is closed: peers that have gone, or never meant to
// read, would refuse service to all. As long as an HTTP/1.1 request may pause by default.
inline constexpr Duration kStallPatience = std::chrono::seconds(20);
// So little that is. If it holds less it is let be: its socket costs about as much.
inline constexpr std::size_t kLeastStalled = 16 * kKiB;
// Request heads count from this size on (RFC 9113 §6.5.2's): those of ordinary calls have a few
// hundred bytes, and a charge costs as much as to read one.
inline constexpr std::size_t kUncountedHead = 1 * kKiB;
// A call whose request is complete is still refused before its handler begins, unless the request
// is larger than this: then it took credit, which may have been lent to it, and its client would
// have to send it all again.
inline constexpr std::size_t kRefusableRequest = 64 * kKiB;

// Blocks up to this size are pooled by BlockPool: nghttp2's per-call blocks are 40 to 224 bytes,
// its session object 2,928. Its 16 KiB frame buffer must come from fresh memory (small frames touch
// only one page of it), so it stays with malloc.
inline constexpr std::size_t kBlockPoolLargest = 4 * kKiB;
inline constexpr std::size_t kBlockPoolMaxIdleBytes = 8 * kMiB;

// ---- Lists and writing ----

// Up to here a copy behind its frame header is cheaper than an iovec entry of its own: a count up
// and down, one more entry for the kernel to walk. (bench/buf_list_bench.cc) Whole calls cost the
// same from 64 to 1,024. (bench/write_strategy --sweep)
inline constexpr std::size_t kInlineCopyLimit = 256;
// iovec entries for one system call. 64 entries of a frame each carry a flush quantum many times
// over, the array is 1 KiB of stack, and it stays far below IOV_MAX (1,024).
// Measured: 16 and 256 cost the same. (bench/write_strategy --sweep)
inline constexpr std::size_t kMaxIov = 64;
// Slices that a list holds without the heap: a small call has one or two, a message read in frames
// a few.
inline constexpr std::size_t kInlineSlices = 4;
// A mapped region of at least this size drops its pages from the process when it was sent. Smaller
// ones are cheaper kept than mapped again.
inline constexpr std::size_t kMappedKeepLimit = 64 * kKiB;
// An emptied list keeps a ring of up to so many slices (24 bytes each), so that one burst is not
// paid for ever.
inline constexpr std::size_t kKeptRingSlices = 256;

// The most that a connection's output list takes from a codec before it is written: large enough
// that a system call's cost vanishes, small enough that an urgent frame waits for at most 64 KiB.
// Somewhat less than those, since a TCP segment with its headers may have 64 KiB (loopback's, and
// what the kernel gives a network card to cut up): each write of 64 KiB sent a second one with the
// few bytes left over, which cost a quarter of a large reply. (bench/README.md)
inline constexpr std::size_t kFlushQuantum = 63 * kKiB;
// What a partial write left is topped up to the quantum once it is down to this: by less it would
// be many small frames.
inline constexpr std::size_t kOutputLowMark = 32 * kKiB;
// No DATA frame is cut shorter than this to fit the quantum: it waits for the next one.
inline constexpr std::size_t kSmallestPiece = 1 * kKiB;
// A flush policy that lets output wait longer than this is taken for this: a peer that hears
// nothing for a second takes it for an outage, and nothing more is gained by then.
inline constexpr Duration kLongestFlushDelay = std::chrono::seconds(1);
// What a connection that ends may still put into its output, and what answers to a peer's control
// frames may come to before it is read no further.
inline constexpr std::size_t kOutputHighMark = 128 * kKiB;
// A stream's outbound list: above the high mark a writer suspends until the low mark. The default
// flow-control window of HTTP/2 is 64 KiB, so much less would starve the peer and more would only
// be memory. With the message that goes above it and the frames' heads it still fits one flush
// quantum: at 64 KiB every second write carried the few bytes that were left over.
inline constexpr std::size_t kStreamHighMark = 60 * kKiB;
inline constexpr std::size_t kStreamLowMark = 32 * kKiB;
// TCP_NOTSENT_LOWAT: what the kernel holds unsent is out of the scheduler's hands. A flush quantum
// fits, so that a write takes it whole. Measured: from 16 to 128 KiB neither throughput nor CPU
// nor urgent calls change on loopback, where bytes wait at the receiver; on a slower path all of it
// stands before an urgent frame. (bench/priority)
inline constexpr std::size_t kNotSentLowat = 64 * kKiB;

// Of the bytes sent while less urgent streams wait, these get this share. 5 % lets a bulk transfer
// go on and its deadlines be met, and costs the urgent one frame in twenty.
inline constexpr double kPriorityFloor = 0.05;
// So much a stream that is not incremental sends before its equals have a turn. Replies up to this
// go out whole, one after the other; a stream without an end does not keep the others waiting for
// ever.
inline constexpr std::size_t kSchedulingTurn = 256 * kKiB;

// Bulk beside more urgent streams, to a peer with wide windows: so much may always be in flight.
// With less, each half would be less than two frames; at 700 MB/s, about what grpc-go's client
// reads from loopback, an urgent answer stands 0.1 ms behind it. (bench/priority)
inline constexpr std::size_t kLeastInFlight = 64 * kKiB;
// Windows up to this bound what is in flight well enough by themselves: Weft's own clients keep
// them near it.
inline constexpr std::size_t kWideWindow = 1 * kMiB;
// Bytes between two looks at whether streams of two urgencies share a connection: no more than this
// is sent before bulk is taken for it, and small calls are looked at once in thousands.
inline constexpr std::size_t kInFlightCheck = 256 * kKiB;
// They share it when both have had something to send within one or two of these: urgent calls that
// come once a second are not to find the queue full each time.
inline constexpr Duration kInFlightPeriod = std::chrono::seconds(2);
// A path may become longer, and a standing queue must not count as delay: it is measured anew after
// this, for which bulk shrinks to the least for a few milliseconds.
inline constexpr Duration kInFlightDelayAge = std::chrono::seconds(1);
// A peer that sends, but answers no PING for so long, answers none.
inline constexpr Duration kInFlightPatience = std::chrono::seconds(5);

// ---- Reading ----

// One frame of the default size fits, and small calls read far less. A reader that fills it takes
// the bulk size next. Measured: with 4 or 64 KiB here calls cost the same, so that what idle chunks
// hold decides; with 16 KiB for bulk, echoes of 16 and 64 KiB cost a seventh more.
// (bench/write_strategy --sweep)
inline constexpr std::size_t kReadChunkSize = 16 * kKiB;
inline constexpr std::size_t kBulkReadChunkSize = 64 * kKiB;
// A part of an unfinished message up to this size is copied out of its read chunk, so that a few
// bytes that wait for long do not pin up to 64 KiB. Measured: a copy of this size costs about what
// a shared reference costs. (bench/buf_list_bench.cc)
inline constexpr std::size_t kInboundCopyLimit = 256;
// And a larger part is copied when the chunk that it would pin is so many times its size: a peer
// that sends small frames one by one into a stream that nobody reads holds at most so many times
// its window.
inline constexpr std::size_t kMostPinned = 8;
// A chunk up to this size may be pinned by anything.
inline constexpr std::size_t kPinnableChunk = 4 * kKiB;

// ---- Flow control ----

// The windows of a stream and of the connection before anything is known of the path: what HTTP/2
// gives by itself (the connection's can't be less), so that it need not be said. On a short path
// all that fits more is a queue, in which an urgent answer waits.
inline constexpr std::size_t kFirstWindow = 64 * kKiB - 1;
// And the most that they grow to where the path holds as much: 1 Gbit/s over 100 ms is 12.5 MB. A
// stream may be the only one, but what nobody reads of it stays in memory.
inline constexpr std::size_t kMostStreamWindow = 4 * kMiB;
inline constexpr std::size_t kMostConnectionWindow = 16 * kMiB;
// Credit for messages that were taken one by one goes back in steps of so many bytes, and all of it
// when a reader waits. A quarter of the first window, which the peer does not miss.
inline constexpr std::size_t kCreditStep = 16 * kKiB;
// What a stream has brought before it counts as bulk, for which the path is measured. Small calls
// never fill a window, so they are not charged with a PING.
inline constexpr std::size_t kBulkBody = 8 * kKiB;
// Windows' worth of bulk between two measurements once the windows suffice: so many round trips
// pass before windows that have become too small grow, and 60 PINGs a second are sent where 256 KiB
// a window carry 1 GB/s.
inline constexpr std::size_t kMostWindowsUnmeasured = 64;

// ---- Messages ----

// A singular bytes or string field of at least this size is referenced, not copied, where the
// framework owns the message. Below it the copy costs less than the reference, the extra items and
// the copying that is done in segments. (bench/proto_stream_bench.cc) What is referenced of a
// user's memory, or kept of a parsed request, counts in the memory budget from the same size on.
inline constexpr std::size_t kAliasThreshold = 8 * kKiB;
// A message up to this size with its prefix is serialized into one contiguous run, in a fresh chunk
// when the open one has no room; larger ones run across chunks.
inline constexpr std::size_t kContiguousMessageLimit = 16 * kKiB;
// protobuf sizes are ints: no message above.
inline constexpr std::size_t kProtobufSizeLimit = 0x7fffffff;
// A pooled message that takes up to so much memory stays with its call. Larger ones, which would be
// destroyed and made anew with all their pages, are kept apart, up to so many bytes a loop, for as
// long as they are needed once a trim interval.
inline constexpr std::size_t kKeptMessageSize = 64 * kKiB;
inline constexpr std::size_t kKeptLargeMessages = 32 * kMiB;
// The memory of a message is looked at when it is larger on the wire than this and than ever
// before, and every so many uses: to walk its fields costs about as much as to parse them, and two
// bytes on the wire can be an object of a hundred, of which this much makes some kKeptMessageSize.
inline constexpr std::size_t kUncountedMessageSize = 1 * kKiB;
inline constexpr unsigned kMessageRecount = 16;
// Idle calls kept per method and loop, with their messages: what a full connection of small calls
// has open at once.
inline constexpr std::size_t kKeptCalls = 1024;
// What a client keeps of a call's sent bytes so that it can be sent again when the server has not
// seen it. gRPC keeps 256 KiB a call for its retries.
inline constexpr std::size_t kReplayLimit = 256 * kKiB;
// gRPC's default.
inline constexpr std::size_t kReceiveMessageLimit = 4 * kMiB;

// What a client other than gRPC's may still send behind its answer before its stream is reset: a
// few times the message that it may have been refused for.
inline constexpr std::size_t kMostDroppedBody = 16 * kMiB;

// ---- Metadata ----

// gRPC's defaults: of the soft limit peers are told, above the hard limit a call is refused and its
// header block not even kept.
inline constexpr std::size_t kMetadataSoftLimit = 8 * kKiB;
inline constexpr std::size_t kMetadataHardLimit = 16 * kKiB;
// What one side of a call may add to its metadata, with 32 bytes a field: more than peers take by
// default. With a status below it still fits the 64 KiB that nghttp2 sends as one header block.
inline constexpr std::size_t kMetadataSendLimit = 32 * kKiB;
// A longer status message is cut: in percent-encoding it may grow threefold.
inline constexpr std::size_t kStatusMessageLimit = 4 * kKiB;
// Larger error details are left out, and the message says so.
inline constexpr std::size_t kStatusDetailsLimit = 8 * kKiB;

}  // namespace weft::internal
