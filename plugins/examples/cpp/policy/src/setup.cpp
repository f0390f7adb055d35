// The settings.
#include "setup.hpp"

#include <algorithm>
#include <charconv>

namespace {

constexpr std::string_view KNOWN[] = {"domains", "argument", "ask_above"};
constexpr std::string_view UNREADABLE = "cannot be read: too large";

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

std::unexpected<Fault> fault(std::string_view pointer, std::string_view message) {
    return std::unexpected(Fault{std::string(pointer), message});
}

// The text at a pointer; none where nothing stands there.
std::expected<std::optional<std::string>, Fault> read_text(std::string_view pointer) {
    const auto found = get(Part::kSettings, pointer);
    if (!found) return fault(pointer, UNREADABLE);
    if (!*found) return std::nullopt;
    const auto *value = as<Value::Text>(*found);
    if (!value) return fault(pointer, "give a text here");
    return value->value.to_string();
}

std::expected<std::vector<std::string>, Fault> read_domains() {
    const auto found = get(Part::kSettings, "/domains");
    if (!found) return fault("/domains", UNREADABLE);
    const auto *items = as<Value::Items>(*found);
    if (!items || items->value == 0) {
        return fault("/domains", "name at least one domain, for example [\"example.com\"]");
    }
    std::vector<std::string> domains;
    for (uint32_t i = 0; i < items->value; i++) {
        const std::string place = item("/domains", i);
        auto domain = read_text(place);
        if (!domain) return std::unexpected(domain.error());
        if (!*domain) return fault(place, "give a text here");
        domains.push_back(std::move(**domain));
    }
    return domains;
}

std::expected<std::optional<uint32_t>, Fault> read_ask_above() {
    const auto found = get(Part::kSettings, "/ask_above");
    if (!found) return fault("/ask_above", UNREADABLE);
    if (!*found) return std::nullopt;
    uint32_t most = 0;
    if (const auto *number = as<Value::Number>(*found)) {
        const std::string_view literal = number->value.get_view();
        const auto *end = literal.data() + literal.size();
        const auto read = std::from_chars(literal.data(), end, most);
        if (read.ec != std::errc() || read.ptr != end) most = 0;
    }
    if (most == 0) return fault("/ask_above", "give a whole number from 1 on");
    return most;
}

}  // namespace

bool Setup::allows(std::string_view domain) const {
    return std::ranges::any_of(domains, [domain](const std::string &allowed) {
        return std::ranges::equal(allowed, domain, {}, lower, lower);
    });
}

std::expected<Setup, Fault> read_setup() {
    auto domains = read_domains();
    if (!domains) return std::unexpected(domains.error());
    auto argument = read_text("/argument");
    if (!argument) return std::unexpected(argument.error());
    const auto ask_above = read_ask_above();
    if (!ask_above) return std::unexpected(ask_above.error());
    return Setup{std::move(*domains), argument->value_or("to"), *ask_above};
}

std::vector<Fault> unknown_settings() {
    const auto given = names(Part::kSettings, "");
    if (!given) return {{"", UNREADABLE}};
    std::vector<Fault> faults;
    for (const std::string &name : *given) {
        if (!std::ranges::contains(KNOWN, name)) {
            faults.push_back(
                {child("", name), "no such setting; known are: domains, argument, ask_above"});
        }
    }
    return faults;
}
