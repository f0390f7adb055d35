// The host's documents, and texts.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugin_cpp.h"

using wardlet::plugin::document::Value;
using wardlet::plugin::types::Part;

// What was read, or why the host does not show it.
template <class T>
using Read = std::expected<T, std::string_view>;

// A text for the host, which owns it from then on.
inline wit::string text(std::string_view from) {
    return wit::string::from_view(from);
}

// A list for the host, which owns it from then on.
template <class T>
wit::vector<T> list(std::vector<T> from) {
    auto to = wit::vector<T>::allocate(from.size());
    for (size_t i = 0; i < from.size(); i++) to.initialize(i, std::move(from[i]));
    return to;
}

// A value of one kind; null where it is of another, or none.
template <class Kind>
const Kind *as(const std::optional<Value> &value) {
    return value ? std::get_if<Kind>(&value->variants) : nullptr;
}

// The value at a pointer (RFC 6901); none where nothing stands there.
Read<std::optional<Value>> get(Part part, std::string_view pointer);

// The member names of the object at a pointer.
Read<std::vector<std::string>> names(Part part, std::string_view pointer);

// Pointers of a member and of an item.
std::string child(std::string_view pointer, std::string_view name);
std::string item(std::string_view pointer, uint32_t index);
