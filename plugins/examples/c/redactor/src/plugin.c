/* A redactor: the numbers of employees, `EMP-` and six digits.
 *
 * Nothing is freed: a sandbox lives for one check. What is handed to the host comes from malloc all
 * the same, since the generated code frees it after the call. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

/* The plugin's name. */
#define NAME "employee-numbers"

/* What is found. */
#define ENTITY "employee-number"

/* What a number begins with, and the digits after it. */
#define PREFIX "EMP-"
#define DIGITS 6
#define LENGTH (sizeof PREFIX - 1 + DIGITS)

/* How sure it is of a find, in percent: the form says it all. */
#define CONFIDENCE 100

/* A text: UTF-8 without a NUL at its end. It may hold any character, so no `str*`. */
typedef plugin_string_t text;

typedef wardlet_plugin_types_edit_t edit;

static text literal(const char *s) {
    return (text){(uint8_t *)s, strlen(s)};
}

void exports_wardlet_plugin_plugin_describe(exports_wardlet_plugin_plugin_description_t *ret) {
    memset(ret, 0, sizeof *ret);
    plugin_string_dup(&ret->name, NAME);
    plugin_string_dup(&ret->version, "0.1.0");
    plugin_string_dup(&ret->summary, "Keeps the numbers of employees from passing.");
    ret->entities.ptr = malloc(sizeof *ret->entities.ptr);
    ret->entities.len = 1;
    plugin_string_dup(&ret->entities.ptr[0].code, ENTITY);
    plugin_string_dup(&ret->entities.ptr[0].sentence, "The number of an employee.");
}

/* There are no settings: one that is given is misspelt. */
bool exports_wardlet_plugin_plugin_configure(exports_wardlet_plugin_plugin_list_setting_fault_t *err) {
    text top = literal("");
    plugin_list_string_t names;
    wardlet_plugin_document_failure_t failure;
    uint8_t settings = WARDLET_PLUGIN_TYPES_PART_SETTINGS;
    if (!wardlet_plugin_document_names(settings, &top, 0, &names, &failure)) __builtin_trap();
    if (names.len == 0) return true;
    err->ptr = malloc(sizeof *err->ptr);
    err->len = 1;
    text name = names.ptr[0], pointer = {malloc(name.len * 2 + 1), 1};
    pointer.ptr[0] = '/';
    for (size_t i = 0; i < name.len; i++) {
        /* `~` and `/` in a name are escaped (RFC 6901, section 3). */
        uint8_t c = name.ptr[i];
        pointer.ptr[pointer.len++] = c == '~' || c == '/' ? '~' : c;
        if (c == '~' || c == '/') pointer.ptr[pointer.len++] = c == '~' ? '0' : '1';
    }
    err->ptr[0].pointer = pointer;
    plugin_string_dup(&err->ptr[0].message, "no such setting; there are none");
    return false;
}

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

static bool is_inner(uint8_t c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether a number begins at a place. Between letters or digits there is none: that would be part
 * of another name. */
static bool begins_number(text t, size_t at) {
    if (t.len - at < LENGTH || memcmp(t.ptr + at, PREFIX, sizeof PREFIX - 1) != 0) return false;
    for (size_t i = sizeof PREFIX - 1; i < LENGTH; i++) {
        if (!is_digit(t.ptr[at + i])) return false;
    }
    bool inner = at > 0 && is_inner(t.ptr[at - 1]);
    return !inner && !(at + LENGTH < t.len && is_inner(t.ptr[at + LENGTH]));
}

typedef struct {
    edit *ptr;
    size_t len, room;
} edits;

static void add(edits *found, uint32_t leaf, size_t start) {
    if (found->len == found->room) {
        found->room = found->room * 2 + 16;
        found->ptr = realloc(found->ptr, found->room * sizeof(edit));
    }
    edit *one = &found->ptr[found->len++];
    *one = (edit){.leaf = leaf, .start = start, .end = start + LENGTH, .confidence = CONFIDENCE};
    plugin_string_dup(&one->entity, ENTITY);
}

/* For whoever reads the debug log (capability `log`). */
static void tell(size_t count) {
    uint8_t digits[10];
    size_t first = sizeof digits;
    do {
        digits[--first] = '0' + count % 10;
        count /= 10;
    } while (count > 0);
    text message = literal("looked for employee numbers");
    wardlet_plugin_log_field_t field = {literal("found"), {digits + first, sizeof digits - first}};
    wardlet_plugin_log_list_field_t fields = {&field, 1};
    wardlet_plugin_log_write(WARDLET_PLUGIN_LOG_LEVEL_DEBUG, &message, &fields);
}

bool exports_wardlet_plugin_redactor_find(exports_wardlet_plugin_redactor_subject_t *subject,
                                          exports_wardlet_plugin_redactor_part_t part,
                                          exports_wardlet_plugin_redactor_list_edit_t *ret,
                                          text *err) {
    (void)subject;
    edits found = {NULL, 0, 0};
    wardlet_plugin_document_batch_t batch = {.next = {true, 0}};
    while (batch.next.is_some) {
        text top = literal("");
        wardlet_plugin_document_failure_t failure;
        if (!wardlet_plugin_document_strings(part, &top, batch.next.val, &batch, &failure)) {
            plugin_string_dup(err, "the part is not shown whole, or is too large");
            return false;
        }
        for (size_t i = 0; i < batch.leaves.len; i++) {
            wardlet_plugin_document_leaf_t leaf = batch.leaves.ptr[i];
            for (size_t at = 0; at < leaf.text.len; at++) {
                if (begins_number(leaf.text, at)) add(&found, leaf.id, at);
            }
        }
        /* The next batch takes the memory of this one. */
        wardlet_plugin_document_batch_free(&batch);
    }
    tell(found.len); /* capability `log` */
    ret->ptr = found.ptr;
    ret->len = found.len;
    return true;
}
