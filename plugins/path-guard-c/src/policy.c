/* What the host calls: the declaration, the settings' check, and the judgement of a call. */
#include <stdlib.h>
#include <string.h>

#include "guard.h"

/* Codes and sentences, in the order of `refusal`; the first stands for no refusal. */
static const char *const REASONS[][2] = {
    {"", ""},
    {"outside-roots", "A path leads outside of the folders that are allowed."},
    {"traversal", "A path has a step `..`."},
    {"relative-path", "A path is relative."},
    {"home-path", "A path begins in a home folder (`~`)."},
    {"encoded-path", "A path has a percent-encoded separator, dot or control character."},
    {"look-alike", "A path has a character that looks like a separator or dot, or is invisible."},
    {"control-character", "A path has a control character."},
    {"backslash", "A path has a backslash."},
    {"drive-path", "A path names a drive."},
    {"malformed-path", "A path is empty, or has an empty step, a step `.`, or a step that ends in a dot or space."},
    {"path-too-long", "A path is over 4,096 bytes."},
    {"bad-uri", "A URI is not a plain `file:///` URI of this machine."},
    {"no-path-found", "The call has no argument that is known to hold a path."},
    {"unreadable-path", "An argument that holds paths is neither a text nor a list of texts."},
};
#define REASON_COUNT (sizeof REASONS / sizeof *REASONS - 1)

/* Where the search stands: a place, or a row of items that begins at `next`. */
typedef struct {
    text place;
    bool is_row;
    uint32_t next, count;
} frame;

typedef struct {
    frame *at;
    size_t count, room;
} stack;

static void push(stack *open, frame one) {
    if (open->count == open->room) {
        open->room = open->room * 2 + 16;
        open->at = realloc(open->at, open->room * sizeof(frame));
        if (open->at == NULL) __builtin_trap();
    }
    open->at[open->count++] = one;
}

/* The next place to look into; false after the last one. */
static bool pop(stack *open, text *place) {
    while (open->count > 0) {
        frame *top = &open->at[open->count - 1];
        if (!top->is_row) {
            *place = top->place;
            open->count--;
            return true;
        }
        if (top->next < top->count) {
            *place = item(top->place, top->next++);
            return true;
        }
        open->count--;
    }
    return false;
}

void exports_wardlet_plugin_plugin_describe(exports_wardlet_plugin_plugin_description_t *ret) {
    memset(ret, 0, sizeof *ret);
    plugin_string_dup(&ret->name, "path-guard-c");
    plugin_string_dup(&ret->version, "0.1.0");
    plugin_string_dup(&ret->summary,
                      "Keeps the file paths of a call inside of the roots that the operator names.");
    ret->reasons.ptr = calloc(REASON_COUNT, sizeof *ret->reasons.ptr);
    ret->needs.ptr = calloc(1, sizeof *ret->needs.ptr);
    if (ret->reasons.ptr == NULL || ret->needs.ptr == NULL) __builtin_trap();
    ret->reasons.len = REASON_COUNT;
    for (size_t i = 0; i < REASON_COUNT; i++) {
        plugin_string_dup(&ret->reasons.ptr[i].code, REASONS[i + 1][0]);
        plugin_string_dup(&ret->reasons.ptr[i].sentence, REASONS[i + 1][1]);
    }
    /* Not seeing must never become allowing, so the whole of the arguments is needed. */
    ret->needs.len = 1;
    ret->needs.ptr[0].part = ARGUMENTS;
    plugin_string_dup(&ret->needs.ptr[0].pointer, "");
}

bool exports_wardlet_plugin_plugin_configure(exports_wardlet_plugin_plugin_list_setting_fault_t *err) {
    setup ignored;
    fault bad = check_names();
    if (bad.message == NULL) bad = read_setup(&ignored);
    if (bad.message == NULL) return true;
    err->ptr = calloc(1, sizeof *err->ptr);
    if (err->ptr == NULL) __builtin_trap();
    err->len = 1;
    err->ptr[0].pointer = joined(bad.pointer, literal(""), literal(""));
    plugin_string_dup(&err->ptr[0].message, bad.message);
    return false;
}

/* Judges the text at a place; false where the host refuses. */
static bool judge_path(const setup *with, text place, refusal *found) {
    value one;
    text path;
    if (!get(ARGUMENTS, place, &one)) return false;
    if (one.tag != WARDLET_PLUGIN_DOCUMENT_VALUE_TEXT) {
        *found = UNREADABLE;
        return true;
    }
    *found = spelled(one.val.text, with->base, &path);
    if (*found == INSIDE && !inside(path, with->roots)) *found = OUTSIDE_ROOTS;
    return true;
}

/* Judges an argument that holds paths: a text, or a list of texts. */
static bool judge_paths(const setup *with, text place, refusal *found, bool *any) {
    value one;
    if (!get(ARGUMENTS, place, &one)) return false;
    if (one.tag != WARDLET_PLUGIN_DOCUMENT_VALUE_ITEMS) {
        *any = true;
        return judge_path(with, place, found);
    }
    for (uint32_t i = 0; i < one.val.items && *found == INSIDE; i++) {
        *any = true;
        if (!judge_path(with, item(place, i), found)) return false;
    }
    return true;
}

/* Looks into a place without reading a text there: only what has a member or an item `0` is a
 * container, and `get` of a text would bring the whole of it into the sandbox. */
static bool look_into(const setup *with, text place, stack *open, refusal *found, bool *any) {
    texts members;
    value one;
    if (!names(ARGUMENTS, place, &members)) return false;
    for (size_t i = 0; i < members.len && *found == INSIDE; i++) {
        text member = child(place, members.ptr[i]);
        if (!listed(folded(members.ptr[i]), with->keys)) {
            push(open, (frame){.place = member});
        } else if (!judge_paths(with, member, found, any)) {
            return false;
        }
    }
    if (members.len > 0) return true;
    if (!get(ARGUMENTS, item(place, 0), &one)) return false;
    if (one.tag == NOTHING) return true;
    if (!get(ARGUMENTS, place, &one)) return false;
    if (one.tag == WARDLET_PLUGIN_DOCUMENT_VALUE_ITEMS) {
        push(open, (frame){.place = place, .is_row = true, .count = one.val.items});
    }
    return true;
}

bool exports_wardlet_plugin_policy_evaluate(exports_wardlet_plugin_policy_subject_t *subject,
                                            exports_wardlet_plugin_policy_verdict_t *ret,
                                            text *err) {
    setup with;
    fault bad = read_setup(&with);
    if (bad.message != NULL) {
        plugin_string_dup(err, bad.message);
        return false;
    }
    refusal found = INSIDE;
    bool any = false;
    stack open = {NULL, 0, 0};
    text place = literal("");
    do {
        if (!look_into(&with, place, &open, &found, &any)) {
            plugin_string_dup(err, "a place of the arguments cannot be read");
            return false;
        }
    } while (found == INSIDE && pop(&open, &place));
    if (found == INSIDE && !any && !listed(subject->name, with.no_path_tools)) found = NO_PATH;

    memset(ret, 0, sizeof *ret);
    ret->decision.tag = WARDLET_PLUGIN_TYPES_DECISION_ALLOW;
    if (found != INSIDE) {
        ret->decision.tag = WARDLET_PLUGIN_TYPES_DECISION_DENY;
        plugin_string_dup(&ret->decision.val.deny, REASONS[found][0]);
        text message = literal("refused"), key = literal("reason");
        wardlet_plugin_log_field_t field = {key, literal(REASONS[found][0])};
        wardlet_plugin_log_list_field_t fields = {&field, 1};
        wardlet_plugin_log_write(WARDLET_PLUGIN_LOG_LEVEL_DEBUG, &message, &fields);
    }
    return true;
}
