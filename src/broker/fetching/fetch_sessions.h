// FetchSessions: the one cache of fetch sessions that all event loops share.
#pragma once

#include "base/guarded.h"
#include "broker/fetching/fetch_session_cache.h"

namespace millrace::broker {

using FetchSessions = Guarded<FetchSessionCache>;

}  // namespace millrace::broker
