// The names of what was given up and waits to be removed, as Kafka has them:
//   orders-0.4f6b2b8a0c5e4d55a1a9e37ab4f2d9c1-delete   the folder of a partition
//   00000000000000000042.log.deleted                   a file of a segment
// source  Kafka's LogFileUtils and UnifiedLog.logDeleteDirName
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file_system.h"
#include "model/uuid.h"
#include "storage/delayed_removal.h"

namespace millrace::storage {

inline constexpr std::string_view kDeletedFileSuffix = ".deleted";

/// The name for a partition's folder that is given up; `unique` keeps those of one topic that is
/// made and deleted again apart. Topics with very long names lose the end of theirs: a name has 255
/// bytes.
std::string deleted_folder_name(std::string_view folder, const Uuid& unique);

bool is_deleted_folder(std::string_view name);

/// Gives the folder at `path` up: renames it and has it removed as `retirement` says. One that is
/// not there is no error.
/// errors  kIo: the folder is still there
Status retire_folder(io::FileSystem& files, const std::string& path, const Uuid& unique,
                     const FileRetirement& retirement);

}  // namespace millrace::storage
