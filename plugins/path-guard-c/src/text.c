/* Texts and JSON pointers. */
#include <stdlib.h>
#include <string.h>

#include "guard.h"

/* Memory that is there, or a trap: a check without memory must not conclude anything. */
static uint8_t *taken(size_t size) {
    uint8_t *block = malloc(size > 0 ? size : 1);
    if (block == NULL) __builtin_trap();
    return block;
}

text literal(const char *s) {
    return (text){(uint8_t *)s, strlen(s)};
}

text part_of(text t, size_t from, size_t to) {
    return (text){t.ptr + from, to - from};
}

text joined(text a, text b, text c) {
    text all = {taken(a.len + b.len + c.len), 0};
    const text parts[] = {a, b, c};
    for (size_t i = 0; i < 3; i++) {
        if (parts[i].len > 0) memcpy(all.ptr + all.len, parts[i].ptr, parts[i].len);
        all.len += parts[i].len;
    }
    return all;
}

bool equal(text a, text b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool begins(text t, const char *with) {
    size_t length = strlen(with);
    return t.len >= length && memcmp(t.ptr, with, length) == 0;
}

bool listed(text t, texts in) {
    for (size_t i = 0; i < in.len; i++) {
        if (equal(t, in.ptr[i])) return true;
    }
    return false;
}

/* A name without the difference between `file_path`, `file-path` and `filePath`. */
text folded(text name) {
    text out = {taken(name.len), 0};
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        if (c == '_' || c == '-') continue;
        out.ptr[out.len++] = c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
    }
    return out;
}

/* The pointer of a member: `~` and `/` in its name are escaped (RFC 6901, section 3). */
text child(text pointer, text name) {
    text escaped = {taken(name.len * 2), 0};
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        escaped.ptr[escaped.len++] = c == '~' || c == '/' ? '~' : c;
        if (c == '~' || c == '/') escaped.ptr[escaped.len++] = c == '~' ? '0' : '1';
    }
    return joined(pointer, literal("/"), escaped);
}

text item(text pointer, uint32_t index) {
    uint8_t digits[10];
    size_t first = sizeof digits;
    do {
        digits[--first] = '0' + index % 10;
        index /= 10;
    } while (index > 0);
    return joined(pointer, literal("/"), (text){digits + first, sizeof digits - first});
}
