// Walking the batches of a segment with their bytes, in order, in large reads: for those who look
// into all of them.
#pragma once

#include <functional>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "model/ids.h"
#include "storage/segment/segment.h"
#include "wire/batch_header.h"

namespace millrace::storage {

/// bytes  the whole batch; valid during the call
using BatchVisit = std::function<Status(std::string_view bytes, const wire::BatchHeader& header)>;

/// Shows each batch of `segment` that reaches `from` or lies behind it, until `visit` fails. The
/// segment's files are closed afterwards, unless it takes appends.
/// chunk   memory that several walks may share
/// errors  kIo; kCorrupt where a header makes no sense; those of `visit`
/// cost    one read for each MiB, or for each batch that is larger
Status walk_batches(Segment& segment, Offset from, Buffer& chunk, const BatchVisit& visit);

}  // namespace millrace::storage
