// VerificationGuard: what a transactional batch shows to the log that it opens a transaction in.
#pragma once

#include <cstdint>

namespace millrace::storage {

/// Names one verification. An append shows it; one that a marker has overtaken is worth nothing.
enum class VerificationGuard : std::uint64_t { kNone = 0 };

}  // namespace millrace::storage
