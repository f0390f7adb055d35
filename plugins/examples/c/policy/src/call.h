/* The host's documents, and texts. */
#ifndef CALL_H
#define CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

/* A text: UTF-8 without a NUL at its end. It may hold any character, so no `str*`. */
typedef plugin_string_t text;

/* A value of a document; `tag` is NOTHING where none stands. */
typedef wardlet_plugin_document_value_t value;
#define NOTHING 255

#define ARGUMENTS WARDLET_PLUGIN_TYPES_PART_ARGUMENTS
#define SETTINGS WARDLET_PLUGIN_TYPES_PART_SETTINGS

text literal(const char *s);
text copied(text t);
text number(uint32_t n);
bool equal(text a, const char *b);
bool equal_letters(text a, text b);

/* Pointers (RFC 6901) of a member of a whole part, and of an item. */
text child(text name);
text item(text pointer, uint32_t index);

/* The value at a pointer; false where the host refuses to show it. */
bool get(uint8_t part, text pointer, value *out);

#endif
