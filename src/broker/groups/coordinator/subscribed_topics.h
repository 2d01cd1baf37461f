// Which topics a consumer wants, read out of the bytes it joined with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millrace::broker {

/// The topics of a ConsumerProtocolSubscription of any version: each begins with the fields of
/// version 0, so that versions made later are read too. The coordinator needs no more of it, and
/// only to know whose offsets are still in use.
/// errors  kTruncated, kCorrupt: a client may send what it likes
Result<std::vector<std::string>> subscribed_topics(std::string_view metadata);

}  // namespace millrace::broker
