// Refilling at open what producer snapshots leave out: of each producer's last five batches they
// hold one, in Kafka's format, and a producer that had five in flight may send any of them again.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "storage/producers/producer_state.h"
#include "storage/segment/segment.h"

namespace millrace::storage {

/// How far before the end of the log older batches are looked for. A producer has at most five
/// requests in flight, with a batch of at most 1 MiB (max.message.bytes) each; the rest is room for
/// others that wrote between them.
inline constexpr std::uint64_t kRefillBytesMax = std::uint64_t{8} << 20U;

/// Reads batch headers from the end of the log backwards, until every producer that wrote in the
/// last kRefillBytesMax has its batches.
/// errors  kIo; bytes that are no batch end the search, and are left to those who read them
/// cost    nothing when no producer lacks a batch; else mostly the last few batches of each
Status refill_producers(const std::vector<std::shared_ptr<Segment>>& segments,
                        ProducerStates& producers);

}  // namespace millrace::storage
