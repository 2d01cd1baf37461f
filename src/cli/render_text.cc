#include <fmt/format.h>

#include <algorithm>

#include "base/printable.h"
#include "cli/render.h"

namespace millrace::cli {
namespace {

/// One line for a table's cell, fit for a terminal whoever wrote its text: lists with commas,
/// nothing as "-".
std::string cell(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value.data())) return *flag ? "yes" : "no";
  if (const auto* number = std::get_if<std::int64_t>(&value.data())) return fmt::to_string(*number);
  if (const auto* text = std::get_if<std::string>(&value.data()))
    return text->empty() ? "-" : printable(*text);
  if (const auto* list = value.list()) {
    std::string joined;
    for (const Value& item : *list) joined += (joined.empty() ? "" : ",") + cell(item);
    return joined.empty() ? "-" : joined;
  }
  if (value.object() != nullptr) return to_json_line(value);
  return "-";
}

bool is_list_of_objects(const Value& value) {
  const auto* list = value.list();
  return list != nullptr && !list->empty() && list->front().object() != nullptr;
}

/// Objects that hold lists of objects themselves are shown one after the other instead.
bool is_table(const Value& value) {
  if (!is_list_of_objects(value)) return false;
  const auto& fields = *value.list()->front().object();
  return std::none_of(fields.begin(), fields.end(),
                      [](const Field& field) { return is_list_of_objects(field.value); });
}

bool is_shown(const Field& field, Detail detail) {
  return field.detail == Detail::kAlways || detail == Detail::kWide;
}

std::string heading(std::string_view name) {
  std::string text(name);
  for (char& c : text) {
    if (c == '_') c = '-';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

struct Column {
  std::string title;
  bool is_number = false;
  bool is_text = false;
  std::size_t width = 0;
  std::vector<std::string> cells;
};

std::vector<Column> columns_of(const Value::List& rows, Detail detail) {
  std::vector<Column> columns;
  for (const Field& field : *rows.front().object()) {
    if (!is_shown(field, detail)) continue;
    columns.push_back({.title = heading(field.name), .width = field.name.size(), .cells = {}});
  }
  for (const Value& row : rows) {
    std::size_t index = 0;
    for (const Field& field : *row.object()) {
      if (!is_shown(field, detail) || index == columns.size()) continue;
      Column& column = columns[index++];
      column.cells.push_back(cell(field.value));
      column.width = std::max(column.width, display_width(column.cells.back()));
      if (std::holds_alternative<std::monostate>(field.value.data())) continue;
      if (!std::holds_alternative<std::int64_t>(field.value.data())) column.is_text = true;
      column.is_number = !column.is_text;  // a column with nothing in it stands left, as text does
    }
  }
  return columns;
}

enum class Place { kWithin, kAtTheEnd };

void append_padded(std::string& line, const Column& column, std::string_view text, Place place) {
  const std::size_t gap = column.width - display_width(text);
  if (column.is_number) line.append(gap, ' ');
  line += text;
  if (place == Place::kAtTheEnd) return;
  if (!column.is_number) line.append(gap, ' ');
  line += "  ";
}

std::string render_table(const Value::List& rows, Detail detail) {
  const std::vector<Column> columns = columns_of(rows, detail);
  std::string out;
  for (std::size_t row = 0; row <= rows.size(); ++row) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string& text = row == 0 ? columns[i].title : columns[i].cells[row - 1];
      append_padded(out, columns[i], text,
                    i + 1 == columns.size() ? Place::kAtTheEnd : Place::kWithin);
    }
    out += '\n';
  }
  return out;
}

std::string render_object(const Value::Object& object, Detail detail) {
  std::size_t width = 0;
  for (const Field& field : object) {
    if (is_shown(field, detail) && !is_table(field.value))
      width = std::max(width, field.name.size());
  }
  std::string lines;
  std::string tables;
  for (const Field& field : object) {
    if (!is_shown(field, detail)) continue;
    if (is_table(field.value)) {
      tables += "\n" + render_table(*field.value.list(), detail);
      continue;
    }
    std::string name = heading(field.name);
    name.resize(width, ' ');
    lines += fmt::format("{}  {}\n", name, cell(field.value));
  }
  return lines + tables;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

std::string render_text(const Value& value, Detail detail) {
  if (is_table(value)) return render_table(*value.list(), detail);
  if (const auto* list = value.list()) {
    std::string out;
    for (const Value& item : *list) {
      if (item.object() != nullptr && !out.empty()) out += "\n";
      out += render_text(item, detail);
    }
    return out;
  }
  if (const auto* object = value.object()) return render_object(*object, detail);
  return cell(value) + "\n";
}

}  // namespace millrace::cli
