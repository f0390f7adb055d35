// A policy: what a tool sends goes to the domains that the operator names.
#include "call.hpp"
#include "setup.hpp"

namespace {

using wardlet::plugin::types::Decision;
using wardlet::plugin::types::Subject;
using wardlet::plugin::types::Verdict;

// The plugin's name.
constexpr std::string_view NAME = "recipients";

Verdict verdict(Decision decision) {
    return {std::move(decision), {}};
}

Verdict deny(std::string_view code) {
    return verdict({Decision::Deny{text(code)}});
}

// The domain of an address of the form `local@domain`; none where a text is of any other form. What
// two readers could take apart differently is no address here.
std::optional<std::string_view> domain_of(std::string_view address) {
    for (unsigned char c : address) {
        if (c <= ' ' || c >= 0x7f || c == ',') return std::nullopt;
    }
    const size_t at = address.find('@');
    if (at == std::string_view::npos || at == 0 || at + 1 == address.size()) return std::nullopt;
    const std::string_view domain = address.substr(at + 1);
    if (domain.contains('@')) return std::nullopt;
    return domain;
}

// Why the value at a place is refused; empty where it may pass.
Read<std::string_view> refusal(const Setup &setup, std::string_view place) {
    const Read<std::optional<Value>> found = get(Part::kArguments, place);
    if (!found) return std::unexpected(found.error());
    const auto *recipient = as<Value::Text>(*found);
    const auto domain = recipient ? domain_of(recipient->value.get_view()) : std::nullopt;
    if (!domain) return "unreadable-recipient";
    return setup.allows(*domain) ? "" : "foreign-domain";
}

}  // namespace

namespace exports::wardlet::plugin {

plugin::Description plugin::Describe() {
    return {
        .name = text(NAME),
        .version = text("0.1.0"),
        .summary = text("Keeps what a tool sends to the domains that the operator names."),
        .reasons = list<plugin::Code>({
            {text("no-recipient"), text("The call names no recipient.")},
            {text("unreadable-recipient"),
             text("A recipient is no plain address of the form `local@domain`.")},
            {text("foreign-domain"), text("A recipient's domain is not one that is allowed.")},
            {text("many-recipients"),
             text("The call has more recipients than may pass without a human.")},
        }),
        .entities = {},
        // Which argument it is, the settings say: so the whole of them.
        .needs = list<plugin::Need>({{Part::kArguments, text("")}}),
    };
}

std::expected<void, wit::vector<plugin::SettingFault>> plugin::Configure() {
    std::vector<Fault> faults = unknown_settings();
    if (faults.empty()) {
        if (auto setup = read_setup(); !setup) faults.push_back(setup.error());
    }
    if (faults.empty()) return {};
    std::vector<plugin::SettingFault> told;
    for (const Fault &fault : faults) told.push_back({text(fault.pointer), text(fault.message)});
    return std::unexpected(list(std::move(told)));
}

std::expected<Verdict, wit::string> policy::Evaluate(Subject) {
    const auto setup = read_setup();
    if (!setup) return std::unexpected(text(setup.error().message));

    const std::string place = child("", setup->argument);
    const Read<std::optional<Value>> found = get(Part::kArguments, place);
    if (!found) return std::unexpected(text(found.error()));
    const auto *items = as<Value::Items>(*found);
    const uint32_t count = items ? items->value : 1;
    if (!*found || as<Value::Null>(*found) || count == 0) return deny("no-recipient");
    if (!items && !as<Value::Text>(*found)) return deny("unreadable-recipient");

    // For whoever reads the debug log (capability `log`).
    using namespace ::wardlet::plugin;
    const log::Field field{text("recipients"), text(std::to_string(count))};
    log::Write(log::Level::kDebug, "counted the recipients", {&field, 1});

    for (uint32_t i = 0; i < count; i++) {
        const auto code = refusal(*setup, items ? item(place, i) : place);
        if (!code) return std::unexpected(text(code.error()));
        if (!code->empty()) return deny(*code);
    }
    if (setup->ask_above && count > *setup->ask_above) {
        return verdict({Decision::RequireApproval{text("many-recipients")}});
    }
    return verdict({Decision::Allow{}});
}

}  // namespace exports::wardlet::plugin
