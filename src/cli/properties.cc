// millrace properties topic | broker | producer | consumer | admin: the catalogues, for people.
#include "broker/properties.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/edit_distance.h"
#include "cli/cluster_access.h"
#include "cli/commands.h"
#include "cli/value.h"
#include "client/properties.h"

namespace millrace::cli {
namespace {

struct PropertiesOptions {
  std::vector<std::string> names;
  std::string format = "text";
};

/// One property as the listing shows it, and all that is known of it.
struct Described {
  std::string_view name;
  Value::Object row;
  Value::Object whole;
};
using Catalogue = std::vector<Described>;

Value::Object row_of(std::string_view name, std::string_view default_value, std::string_view wanted,
                     std::string_view purpose) {
  return {{"property", name}, {"default", default_value}, {"wanted", wanted}, {"purpose", purpose}};
}

Catalogue describe(const std::vector<broker::Property>& properties) {
  Catalogue catalogue;
  for (const auto& each : properties) {
    Value::Object row = row_of(each.name, each.default_value, each.wanted(), each.documentation);
    row.push_back({"here", broker::effect_name(each.effect), Detail::kWide});
    Value::Object whole = row;
    whole.back() = {"here", fmt::format("{}: {}", broker::effect_name(each.effect), each.reason)};
    whole.push_back({"type", broker::property_type_name(each.type)});
    if (!each.synonym.empty()) whole.push_back({"default_from", each.synonym});
    catalogue.push_back({each.name, std::move(row), std::move(whole)});
  }
  return catalogue;
}

template <client::ClientKind kKind>
Catalogue client_catalogue() {
  Catalogue catalogue;
  for (const auto& each : client::property_definitions(kKind)) {
    const auto row = row_of(each.name, each.default_value, each.wanted, each.purpose);
    catalogue.push_back({each.name, row, row});
  }
  return catalogue;
}

Catalogue topic_catalogue() {
  return describe(broker::topic_properties());
}

Catalogue broker_catalogue() {
  return describe(broker::broker_properties());
}

Error unknown_property(const std::string& name, const Catalogue& catalogue) {
  std::vector<std::string_view> names;
  for (const auto& each : catalogue) names.push_back(each.name);
  const auto meant = probably_meant(name, names);
  return {ErrorCode::kInvalidArgument, fmt::format("no property \"{}\"{}", name,
                                                   meant ? fmt::format(": did you mean {}?", *meant)
                                                         : "; without a name all are listed")};
}

ExitCode show(const PropertiesOptions& options, const Catalogue& catalogue, Console& console) {
  const Format format = format_named(options.format);
  Value::List rows;
  if (options.names.empty()) {
    for (const auto& each : catalogue) rows.emplace_back(each.row);
    console.print_rendered(render(rows, format));
    return ExitCode::kDone;
  }
  for (const auto& name : options.names) {
    const auto found = std::find_if(catalogue.begin(), catalogue.end(),
                                    [&](const auto& each) { return each.name == name; });
    if (found == catalogue.end()) return report(console, unknown_property(name, catalogue));
    rows.emplace_back(found->whole);
  }
  console.print_rendered(render(rows.size() == 1 ? rows.front() : Value(rows), format));
  return ExitCode::kDone;
}

/// Lines of a table, set in by two.
std::string indented(std::string_view lines) {
  std::string out;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n') + 1;
    out += "  ";
    out += lines.substr(0, end);
    lines.remove_prefix(end);
  }
  return out;
}

}  // namespace

std::string help_on_topic_properties() {
  Value::List rows;
  for (const auto& each : broker::topic_properties()) {
    if (each.effect == broker::Effect::kRefused) continue;
    rows.emplace_back(Value::Object{
        {"property", each.name}, {"default", each.default_value}, {"wanted", each.wanted()}});
  }
  return "Properties that --config takes (what each is for: millrace properties topic):\n" +
         indented(render(rows, Format::kText));
}

std::string help_on_broker_properties() {
  Value::List rows;
  for (const auto& each : broker::broker_properties()) {
    if (each.flag.empty()) continue;
    rows.emplace_back(Value::Object{
        {"property", each.name}, {"option", each.flag}, {"purpose", each.documentation}});
  }
  return "Properties of the broker that these options set (all: millrace properties broker):\n" +
         indented(render(rows, Format::kText));
}

void add_properties(Command root) {
  Command properties =
      root.add_command("properties", "Say what may be set of topics, the broker and clients",
                       "millrace properties topic retention.ms");
  const auto options = std::make_shared<PropertiesOptions>();
  const auto add = [&](const char* name, const char* purpose, Catalogue (*catalogue)()) {
    Command listing =
        properties.add_command(name, purpose, fmt::format("millrace properties {}", name));
    listing.optional_arguments("PROPERTY", options->names, "Only these, with all that is known");
    listing.choice("-f,--format", options->format, format_names(), "How to write it");
    listing.action(
        [options, catalogue](Console& console) { return show(*options, catalogue(), console); });
  };
  add("topic", "Of topics: topic create --config", &topic_catalogue);
  add("broker", "Of the broker, and which option of up sets it", &broker_catalogue);
  add("producer", "Of producers: produce -X", &client_catalogue<client::ClientKind::kProducer>);
  add("consumer", "Of consumers: consume -X", &client_catalogue<client::ClientKind::kConsumer>);
  add("admin", "Of admin clients: topic, group and cluster -X",
      &client_catalogue<client::ClientKind::kAdmin>);
}

}  // namespace millrace::cli
