/* The host's documents. */
#include <stdlib.h>
#include <string.h>

#include "guard.h"

/* The most names that the host gives in one call. */
#define PAGE 256

bool get(uint8_t part, text pointer, value *out) {
    wardlet_plugin_document_option_value_t found;
    wardlet_plugin_document_failure_t failure;
    if (!wardlet_plugin_document_get(part, &pointer, &found, &failure)) return false;
    if (found.is_some) {
        *out = found.val;
    } else {
        out->tag = NOTHING;
    }
    return true;
}

bool names(uint8_t part, text pointer, texts *out) {
    texts page;
    wardlet_plugin_document_failure_t failure;
    *out = (texts){NULL, 0};
    do {
        if (!wardlet_plugin_document_names(part, &pointer, out->len, &page, &failure)) return false;
        if (page.len == 0) break;
        out->ptr = realloc(out->ptr, (out->len + page.len) * sizeof(text));
        if (out->ptr == NULL) __builtin_trap();
        memcpy(out->ptr + out->len, page.ptr, page.len * sizeof(text));
        out->len += page.len;
    } while (page.len >= PAGE);
    return true;
}
