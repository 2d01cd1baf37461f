#pragma once

#include <functional>
#include <map>
#include <string>

namespace millrace::broker {

/// What was set of a resource's configuration, by Kafka's property names; the rest has its default.
using ConfigOverrides = std::map<std::string, std::string, std::less<>>;

}  // namespace millrace::broker
