// A redactor: the numbers of employees, `EMP-` and six digits.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "plugin_cpp.h"

namespace {

using namespace ::wardlet::plugin;
using types::Edit;
using types::Part;
using types::Subject;

// The plugin's name.
constexpr std::string_view NAME = "employee-numbers";

// What is found.
constexpr std::string_view ENTITY = "employee-number";

// What a number begins with, and the digits after it.
constexpr std::string_view PREFIX = "EMP-";
constexpr size_t DIGITS = 6;
constexpr size_t LENGTH = PREFIX.size() + DIGITS;

// How sure it is of a find, in percent: the form says it all.
constexpr uint8_t CONFIDENCE = 100;

// A text for the host, which owns it from then on.
wit::string text(std::string_view from) {
    return wit::string::from_view(from);
}

// A list for the host, which owns it from then on.
template <class T>
wit::vector<T> list(std::vector<T> from) {
    auto to = wit::vector<T>::allocate(from.size());
    for (size_t i = 0; i < from.size(); i++) to.initialize(i, std::move(from[i]));
    return to;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_inner(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Whether a number is at a place where its prefix stands. Between letters or digits there is none:
// that would be part of another name.
bool is_number(std::string_view in, size_t at) {
    if (in.size() - at < LENGTH) return false;
    const std::string_view digits = in.substr(at + PREFIX.size(), DIGITS);
    const bool inner_before = at > 0 && is_inner(in[at - 1]);
    const bool inner_after = at + LENGTH < in.size() && is_inner(in[at + LENGTH]);
    return std::ranges::all_of(digits, is_digit) && !inner_before && !inner_after;
}

}  // namespace

namespace exports::wardlet::plugin {

plugin::Description plugin::Describe() {
    return {
        .name = text(NAME),
        .version = text("0.1.0"),
        .summary = text("Keeps the numbers of employees from passing."),
        .reasons = {},
        .entities = list<plugin::Code>({{text(ENTITY), text("The number of an employee.")}}),
        .needs = {},
    };
}

// There are no settings: one that is given is misspelt.
std::expected<void, wit::vector<plugin::SettingFault>> plugin::Configure() {
    const auto given = document::Names(Part::kSettings, "", 0);
    if (given && given->empty()) return {};
    std::string pointer;
    if (given) {
        pointer = "/";
        for (char c : (*given)[0].get_view()) {
            // `~` and `/` in a name are escaped (RFC 6901, section 3).
            pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
        }
    }
    std::vector<plugin::SettingFault> faults;
    faults.push_back({text(pointer), text("no such setting; there are none")});
    return std::unexpected(list(std::move(faults)));
}

std::expected<wit::vector<Edit>, wit::string> redactor::Find(Subject, Part part) {
    std::vector<Edit> edits;
    std::optional<uint32_t> next = 0;
    while (next) {
        auto batch = document::Strings(part, "", *next);
        if (!batch) return std::unexpected(text("the part is not shown whole, or is too large"));
        for (const document::Leaf &leaf : batch->leaves.get_view()) {
            const std::string_view in = leaf.text.get_view();
            for (size_t at = in.find(PREFIX); at != in.npos; at = in.find(PREFIX, at + 1)) {
                if (!is_number(in, at)) continue;
                const uint32_t start = at, end = at + LENGTH;
                edits.push_back({leaf.id, start, end, text(ENTITY), CONFIDENCE});
            }
        }
        next = batch->next;
    }

    // For whoever reads the debug log (capability `log`).
    const log::Field field{text("found"), text(std::to_string(edits.size()))};
    log::Write(log::Level::kDebug, "looked for employee numbers", {&field, 1});

    return list(std::move(edits));
}

}  // namespace exports::wardlet::plugin
