// The host's documents, and texts.
#include "call.hpp"

namespace document = wardlet::plugin::document;

namespace {

// The most names that the host gives in one call.
constexpr size_t PAGE = 256;

std::string_view reason(document::Failure failure) {
    switch (failure) {
        case document::Failure::kNotGranted: return "a place that the grant does not show";
        case document::Failure::kBadPointer: return "a pointer that is none, or over 1,024 bytes";
        case document::Failure::kTooLarge: return "more bytes than a check may read";
    }
    __builtin_trap();
}

}  // namespace

Read<std::optional<Value>> get(Part part, std::string_view pointer) {
    auto found = document::Get(part, pointer);
    if (!found) return std::unexpected(reason(found.error()));
    return std::move(*found);
}

Read<std::vector<std::string>> names(Part part, std::string_view pointer) {
    std::vector<std::string> all;
    size_t page = 0;
    do {
        auto found = document::Names(part, pointer, all.size());
        if (!found) return std::unexpected(reason(found.error()));
        page = found->size();
        for (const wit::string &name : found->get_view()) all.push_back(name.to_string());
    } while (page >= PAGE);
    return all;
}

// `~` and `/` in a name are escaped (RFC 6901, section 3).
std::string child(std::string_view pointer, std::string_view name) {
    std::string out(pointer);
    out += '/';
    for (char c : name) {
        if (c == '~') {
            out += "~0";
        } else if (c == '/') {
            out += "~1";
        } else {
            out += c;
        }
    }
    return out;
}

std::string item(std::string_view pointer, uint32_t index) {
    return std::string(pointer) + '/' + std::to_string(index);
}
