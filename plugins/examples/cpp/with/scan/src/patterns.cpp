// Patterns that the host searches for on the plugin's behalf (capability `scan`). The texts stay where
// they are; only matches come into the sandbox. Call `search` from `Find` or `Evaluate`.
#include <string_view>

#include "plugin_cpp.h"

namespace {

using namespace ::wardlet::plugin;

// The set.
constexpr std::string_view SET = "orders";

wit::string text(std::string_view from) {
    return wit::string::from_view(from);
}

}  // namespace

wit::vector<exports::wardlet::plugin::patterns::PatternSet>
exports::wardlet::plugin::patterns::Declare() {
    auto patterns = wit::vector<Pattern>::allocate(1);
    patterns.initialize(0, {text("order-number"), text("ORD-[0-9]{6}\\b")});
    auto sets = wit::vector<PatternSet>::allocate(1);
    sets.initialize(0, {text(SET), std::move(patterns)});
    return sets;
}

// A batch of matches in a part; begin with `from` = 0 and go on with `next`. It is kept where nobody
// calls it yet: a plugin that declares patterns imports `scan`.
__attribute__((used)) std::expected<scan::Batch, scan::Failure> search(types::Part part, uint32_t from) {
    return scan::Run(SET, part, "", from);
}
