/* `one-path` in C; its rules stand in the README of the folder above. Nothing is freed: a sandbox
 * lives for one check. */
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

typedef plugin_string_t text;
typedef wardlet_plugin_document_value_t value;

#define ARGUMENTS WARDLET_PLUGIN_TYPES_PART_ARGUMENTS
#define SETTINGS WARDLET_PLUGIN_TYPES_PART_SETTINGS
#define NOTHING 255

static const char *const REASONS[][2] = {
    {"unexpected", "There is more than a path and a count."},
    {"no-path", "There is no path."},
    {"outside", "The path leads outside."},
    {"secret", "The path is that of the secret."},
    {"too-many", "The count is over 100, or no plain number."},
};
#define REASON_COUNT (sizeof REASONS / sizeof *REASONS)

static bool is(text t, const char *s) {
    return t.len == strlen(s) && memcmp(t.ptr, s, t.len) == 0;
}

static bool same(text a, text b) {
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* The value at a place; traps where the host refuses, which denies. */
static value get(uint8_t part, const char *pointer) {
    text place = {(uint8_t *)pointer, strlen(pointer)};
    wardlet_plugin_document_option_value_t found;
    wardlet_plugin_document_failure_t failure;
    if (!wardlet_plugin_document_get(part, &place, &found, &failure)) __builtin_trap();
    if (!found.is_some) found.val.tag = NOTHING;
    return found.val;
}

static text setting(const char *pointer) {
    value one = get(SETTINGS, pointer);
    if (one.tag != WARDLET_PLUGIN_DOCUMENT_VALUE_TEXT) __builtin_trap();
    return one.val.text;
}

static bool all_expected(void) {
    text whole = {(uint8_t *)"", 0};
    plugin_list_string_t names;
    wardlet_plugin_document_failure_t failure;
    if (!wardlet_plugin_document_names(ARGUMENTS, &whole, 0, &names, &failure)) __builtin_trap();
    for (size_t i = 0; i < names.len; i++) {
        if (!is(names.ptr[i], "path") && !is(names.ptr[i], "count")) return false;
    }
    return true;
}

static bool outside(text path, text root) {
    if (path.len < root.len || memcmp(path.ptr, root.ptr, root.len) != 0) return true;
    for (size_t i = 0; i + 1 < path.len; i++) {
        if (path.ptr[i] == '.' && path.ptr[i + 1] == '.') return true;
    }
    return false;
}

static bool few(text literal) {
    int count = 0;
    if (literal.len == 0 || literal.len > 3) return false;
    for (size_t i = 0; i < literal.len; i++) {
        if (literal.ptr[i] < '0' || literal.ptr[i] > '9') return false;
        count = count * 10 + (literal.ptr[i] - '0');
    }
    return count <= 100;
}

/* The code of a refusal; NULL where the call may pass. */
static const char *judged(void) {
    text root = setting("/root"), secret = setting("/secret");
    if (get(ARGUMENTS, "").tag != WARDLET_PLUGIN_DOCUMENT_VALUE_MEMBERS) return "unexpected";
    if (!all_expected()) return "unexpected";
    value path = get(ARGUMENTS, "/path"), count = get(ARGUMENTS, "/count");
    if (path.tag != WARDLET_PLUGIN_DOCUMENT_VALUE_TEXT) return "no-path";
    if (outside(path.val.text, root)) return "outside";
    if (same(path.val.text, secret)) return "secret";
    if (count.tag == NOTHING) return NULL;
    if (count.tag != WARDLET_PLUGIN_DOCUMENT_VALUE_NUMBER) return "too-many";
    return few(count.val.number) ? NULL : "too-many";
}

void exports_wardlet_plugin_plugin_describe(exports_wardlet_plugin_plugin_description_t *ret) {
    memset(ret, 0, sizeof *ret);
    plugin_string_dup(&ret->name, "one-path");
    plugin_string_dup(&ret->version, "1.0.0");
    plugin_string_dup(&ret->summary, "Keeps one path inside of one root.");
    ret->reasons.ptr = calloc(REASON_COUNT, sizeof *ret->reasons.ptr);
    ret->needs.ptr = calloc(1, sizeof *ret->needs.ptr);
    if (ret->reasons.ptr == NULL || ret->needs.ptr == NULL) __builtin_trap();
    ret->reasons.len = REASON_COUNT;
    for (size_t i = 0; i < REASON_COUNT; i++) {
        plugin_string_dup(&ret->reasons.ptr[i].code, REASONS[i][0]);
        plugin_string_dup(&ret->reasons.ptr[i].sentence, REASONS[i][1]);
    }
    ret->needs.len = 1;
    ret->needs.ptr[0].part = ARGUMENTS;
    plugin_string_dup(&ret->needs.ptr[0].pointer, "");
}

bool exports_wardlet_plugin_plugin_configure(exports_wardlet_plugin_plugin_list_setting_fault_t *err) {
    (void)err;
    return true;
}

bool exports_wardlet_plugin_policy_evaluate(exports_wardlet_plugin_policy_subject_t *subject,
                                            exports_wardlet_plugin_policy_verdict_t *ret,
                                            text *err) {
    const char *code = judged();
    (void)subject, (void)err;
    memset(ret, 0, sizeof *ret);
    ret->decision.tag = WARDLET_PLUGIN_TYPES_DECISION_ALLOW;
    if (code != NULL) {
        ret->decision.tag = WARDLET_PLUGIN_TYPES_DECISION_DENY;
        plugin_string_dup(&ret->decision.val.deny, code);
    }
    return true;
}
