/* The path guard in C: what its files share.
 *
 * Nothing is ever freed: a sandbox lives for one check. What is handed back to the host is a copy
 * from malloc all the same, since the generated code frees it after the call. */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugin.h"

/* A text: UTF-8 without a NUL at its end. */
typedef plugin_string_t text;

/* A list of texts. */
typedef plugin_list_string_t texts;

/* A value of a document; `tag` is NOTHING where none stands. */
typedef wardlet_plugin_document_value_t value;
#define NOTHING 255

#define ARGUMENTS WARDLET_PLUGIN_TYPES_PART_ARGUMENTS
#define SETTINGS WARDLET_PLUGIN_TYPES_PART_SETTINGS

/* Why a call is refused. The order is that of the table in policy.c. */
typedef enum {
    INSIDE,
    OUTSIDE_ROOTS,
    TRAVERSAL,
    RELATIVE,
    HOME,
    ENCODED,
    LOOK_ALIKE,
    CONTROL,
    BACKSLASH,
    DRIVE,
    MALFORMED,
    TOO_LONG,
    BAD_URI,
    NO_PATH,
    UNREADABLE,
} refusal;

/* The settings. */
typedef struct {
    texts roots;
    texts keys;
    texts no_path_tools;
    text base; /* empty where relative paths are refused */
} setup;

/* A fault of the settings; `message` is NULL where there is none. */
typedef struct {
    text pointer;
    const char *message;
} fault;

/* text.c: texts and pointers. */
text literal(const char *s);
text part_of(text t, size_t from, size_t to);
text joined(text a, text b, text c);
bool equal(text a, text b);
bool begins(text t, const char *with);
bool listed(text t, texts in);
text folded(text name);
text child(text pointer, text name);
text item(text pointer, uint32_t index);

/* document.c: the host's documents; false where the host refuses. */
bool get(uint8_t part, text pointer, value *out);
bool names(uint8_t part, text pointer, texts *out);

/* path.c: one path. */
refusal spelled(text path, text base, text *out);
bool inside(text path, texts roots);

/* setup.c: the settings, read and checked. */
fault read_setup(setup *out);
fault check_names(void);

#endif
