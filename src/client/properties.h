// Properties: what a client is told, by Kafka's own property names. Shared by producer, consumer
// and admin.
//   Properties{{"bootstrap.servers", "127.0.0.1:9092"}, {"acks", "all"}}
#pragma once

#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace millrace::client {

/// Names and values as text, not yet checked: create() of a client does that, and its error names
/// the nearest valid name or the values that were wanted.
class Properties {
 public:
  Properties() = default;
  Properties(std::initializer_list<std::pair<const std::string, std::string>> entries)
      : entries_(entries) {}

  /// Replaces an earlier value.
  Properties& set(std::string name, std::string value);
  /// Takes "name=value", as a command line gives it.
  /// errors  kInvalidArgument without '='
  Status set_from(std::string_view assignment);
  /// Reads the lines of a Java properties file: name=value, '#' comments, blank lines.
  /// errors  kInvalidArgument naming the line
  static Result<Properties> parse(std::string_view text);

  /// The value that was set, or null.
  const std::string* find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  const std::map<std::string, std::string, std::less<>>& entries() const { return entries_; }

 private:
  std::map<std::string, std::string, std::less<>> entries_;
};

enum class ClientKind { kProducer, kConsumer, kAdmin };

/// One property that a kind of client understands. For listings and completion.
struct PropertyDefinition {
  std::string_view name;
  std::string_view default_value;  // as text; empty when there is none
  std::string_view wanted;         // what a value must be, such as "an integer from 0 to 5"
  std::string_view purpose;
};

/// Every property that clients of `kind` understand, by name.
std::span<const PropertyDefinition> property_definitions(ClientKind kind);

/// Whether `properties` would be taken by a client of `kind`.
/// errors  kInvalidArgument naming the property, what was wanted, what was found, and for an
///         unknown name the nearest valid one
Status check_properties(ClientKind kind, const Properties& properties);

}  // namespace millrace::client
