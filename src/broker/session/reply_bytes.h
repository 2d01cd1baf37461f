// From an encoded response and slices of files to the chunks that a connection sends.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "broker/session/responder.h"
#include "io/connection.h"
#include "wire/frame.h"

namespace millrace::broker {

/// Below this many bytes of files, copying them into the reply beats one sendfile call each.
inline constexpr std::uint64_t kInlineFileBytesMax = 64 * 1024;

/// Weaves `files` into the response at its splices, in order; there are as many of one as of the
/// other. Few bytes are read here, many are left to sendfile.
/// A file that cannot be read says so by closing the connection: the response was already built.
std::variant<io::Chunks, NoReply, CloseConnection> reply_bytes(wire::EncodedResponse response,
                                                               std::vector<io::FileSlice> files);

}  // namespace millrace::broker
