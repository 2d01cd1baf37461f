// Opening the segments of a log: by their indexes where those can be trusted, by reading them whole
// where not, and ending the log where an unclean stop left bytes that are no batches.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "model/ids.h"
#include "storage/log/log_recovery.h"
#include "storage/log_config.h"

namespace millrace::storage {

/// Loads the segments that begin at `bases`, which are sorted, into `loaded`: segments, what they
/// say of epochs, what was changed, the report. The last one becomes the active one.
/// errors  as load_log
Status load_segments(io::FileSystem& files, const std::string& directory, const LogConfig& config,
                     const OpenOptions& options, std::vector<Offset> bases, LoadedLog& loaded);

}  // namespace millrace::storage
