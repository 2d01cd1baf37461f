// What our messages say of themselves, as JSON: for a test that holds it against Kafka's own
// specifications.
#pragma once

#include <string>

namespace millrace::wire {

/// One line: a list with each message's name, versions, first flexible version and fields. A field
/// has name, type, first and last version, null_first and null_last, tag (-1: none), ignorable,
/// default, and the fields of its structure.
std::string described_messages();

}  // namespace millrace::wire
