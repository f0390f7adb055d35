/* The host's documents, and texts. */
#include "call.h"

text literal(const char *s) {
    return (text){(uint8_t *)s, strlen(s)};
}

text copied(text t) {
    text copy = {malloc(t.len), t.len};
    memcpy(copy.ptr, t.ptr, t.len);
    return copy;
}

text number(uint32_t n) {
    uint8_t digits[10];
    size_t first = sizeof digits;
    do {
        digits[--first] = '0' + n % 10;
        n /= 10;
    } while (n > 0);
    return copied((text){digits + first, sizeof digits - first});
}

bool equal(text a, const char *b) {
    return a.len == strlen(b) && memcmp(a.ptr, b, a.len) == 0;
}

static uint8_t lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* Whether two texts are equal but for the case of ASCII letters. */
bool equal_letters(text a, text b) {
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i])) return false;
    }
    return true;
}

/* `~` and `/` in a name are escaped (RFC 6901, section 3). */
text child(text name) {
    text pointer = {malloc(name.len * 2 + 1), 1};
    pointer.ptr[0] = '/';
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        pointer.ptr[pointer.len++] = c == '~' || c == '/' ? '~' : c;
        if (c == '~' || c == '/') pointer.ptr[pointer.len++] = c == '~' ? '0' : '1';
    }
    return pointer;
}

text item(text pointer, uint32_t index) {
    text digits = number(index);
    text joined = {malloc(pointer.len + 1 + digits.len), pointer.len + 1 + digits.len};
    memcpy(joined.ptr, pointer.ptr, pointer.len);
    joined.ptr[pointer.len] = '/';
    memcpy(joined.ptr + pointer.len + 1, digits.ptr, digits.len);
    return joined;
}

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
