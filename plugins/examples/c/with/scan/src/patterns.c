/* Patterns that the host searches for on the plugin's behalf (capability `scan`). The texts stay where
 * they are; only matches come into the sandbox. Call `search` from `find` or `evaluate`. */
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

/* The set, and its patterns: an id and a regular expression each. */
#define SET "orders"
static const char *const PATTERNS[][2] = {
    {"order-number", "ORD-[0-9]{6}\\b"},
};
#define PATTERN_COUNT (sizeof PATTERNS / sizeof *PATTERNS)

void exports_wardlet_plugin_patterns_declare(exports_wardlet_plugin_patterns_list_pattern_set_t *ret) {
    exports_wardlet_plugin_patterns_pattern_set_t *set = malloc(sizeof *set);
    plugin_string_dup(&set->name, SET);
    set->patterns.ptr = malloc(PATTERN_COUNT * sizeof *set->patterns.ptr);
    set->patterns.len = PATTERN_COUNT;
    for (size_t i = 0; i < PATTERN_COUNT; i++) {
        plugin_string_dup(&set->patterns.ptr[i].id, PATTERNS[i][0]);
        plugin_string_dup(&set->patterns.ptr[i].regex, PATTERNS[i][1]);
    }
    ret->ptr = set;
    ret->len = 1;
}

/* A batch of matches in a part; begin with `from` = 0 and go on with `next`. False where the host
 * refuses. It is kept where nobody calls it yet: a plugin that declares patterns imports `scan`. */
__attribute__((used)) bool search(uint8_t part, uint32_t from, wardlet_plugin_scan_batch_t *out) {
    plugin_string_t set = {(uint8_t *)SET, sizeof SET - 1}, top = {(uint8_t *)"", 0};
    wardlet_plugin_scan_failure_t failure;
    return wardlet_plugin_scan_run(&set, part, &top, from, out, &failure);
}
