/* Judges one path by its spelling. A spelling that two readers could resolve differently is
 * refused, rather than resolved as one of them would. */
#include <stdlib.h>
#include <string.h>

#include "guard.h"

/* The longest path in bytes: PATH_MAX of Linux. */
#define MAX_PATH 4096

static bool is_letter(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c) {
    return c >= '0' && c <= '9';
}

static uint8_t lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static bool same_letters(text t, const char *word) {
    if (t.len != strlen(word)) return false;
    for (size_t i = 0; i < t.len; i++) {
        if (lower(t.ptr[i]) != (uint8_t)word[i]) return false;
    }
    return true;
}

static int hex_digit(uint8_t c) {
    if (is_digit(c)) return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The octet of the escape at `at`, or -1 where there is none. */
static int octet(text t, size_t at) {
    if (at + 2 >= t.len) return -1;
    int high = hex_digit(t.ptr[at + 1]), low = hex_digit(t.ptr[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* The length of the scheme (RFC 3986, section 3.1), or 0 where there is none. */
static size_t scheme(text t) {
    for (size_t i = 0; i < t.len; i++) {
        uint8_t c = t.ptr[i];
        if (c == ':') return i;
        bool later = is_digit(c) || c == '+' || c == '-' || c == '.';
        if (!is_letter(c) && !(i > 0 && later)) return 0;
    }
    return 0;
}

/* The character at `*at`, and `*at` moved past it; or -1 where the text is no UTF-8 (RFC 3629). */
static int32_t next_character(text t, size_t *at) {
    uint8_t first = t.ptr[(*at)++];
    if (first < 0x80) return first;
    int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || *at + more > t.len) return -1;
    int32_t c = first & (0x3f >> more);
    for (int i = 0; i < more; i++) {
        uint8_t byte = t.ptr[(*at)++];
        if ((byte & 0xc0) != 0x80) return -1;
        c = c << 6 | (byte & 0x3f);
    }
    static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
    bool surrogate = c >= 0xd800 && c <= 0xdfff;
    return c < least[more] || c > 0x10ffff || surrogate ? -1 : c;
}

static bool is_utf8(text t) {
    for (size_t at = 0; at < t.len;) {
        if (next_character(t, &at) < 0) return false;
    }
    return true;
}

/* The path of a `file:` URI (RFC 8089), decoded once. */
static refusal decode_uri(text uri, text *out) {
    if (!begins(part_of(uri, 5, uri.len), "//")) return BAD_URI;
    text path = part_of(uri, 7, uri.len);
    if (path.len >= 9 && same_letters(part_of(path, 0, 9), "localhost")) {
        path = part_of(path, 9, path.len);
    }
    if (!begins(path, "/")) return BAD_URI;
    *out = joined(path, literal(""), literal(""));
    out->len = 0;
    refusal escape = INSIDE;
    for (size_t i = 0; i < path.len; i++) {
        uint8_t c = path.ptr[i];
        if (c == '?' || c == '#') return BAD_URI;
        if (c == '%' && escape == INSIDE) {
            int byte = octet(path, i);
            if (byte < 0) escape = BAD_URI;
            if (byte == '/' || byte == '\\' || byte == '%' || byte == '.') escape = ENCODED;
            c = (uint8_t)byte;
            i += 2;
        }
        out->ptr[out->len++] = c;
    }
    if (escape != INSIDE) return escape;
    return is_utf8(*out) ? INSIDE : ENCODED;
}

/* Characters that look like `/`, `\`, `.` or `~`, become them by normalisation, or are not seen. */
static bool is_look_alike(int32_t c) {
    static const int32_t ranges[][2] = {
        {0xad, 0xad},     {0x34f, 0x34f},   {0x61c, 0x61c},   {0x115f, 0x1160}, {0x1735, 0x1735},
        {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2024, 0x2026}, {0x202a, 0x202e}, {0x2044, 0x2044},
        {0x2060, 0x206f}, {0x2215, 0x2216}, {0x2571, 0x2572}, {0x29f5, 0x29f5}, {0x29f8, 0x29f9},
        {0x3002, 0x3002}, {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xfe19, 0xfe19}, {0xfe52, 0xfe52},
        {0xfe68, 0xfe68}, {0xfe6a, 0xfe6a}, {0xfeff, 0xfeff}, {0xff05, 0xff05}, {0xff0e, 0xff0f},
        {0xff1a, 0xff1a}, {0xff3c, 0xff3c}, {0xff5e, 0xff5e}, {0xff61, 0xff61}, {0xffa0, 0xffa0},
        {0xfff9, 0xfffb}, {0xe0000, 0xe007f}, {0xe0100, 0xe01ef},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (c >= ranges[i][0] && c <= ranges[i][1]) return true;
    }
    return false;
}

static bool is_control(int32_t c) {
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029;
}

static refusal check_characters(text path) {
    for (size_t at = 0; at < path.len;) {
        int32_t c = next_character(path, &at);
        if (is_control(c)) return CONTROL;
        if (c == '\\') return BACKSLASH;
        if (is_look_alike(c)) return LOOK_ALIKE;
    }
    for (size_t i = 0; i < path.len; i++) {
        if (path.ptr[i] != '%') continue;
        int byte = octet(path, i);
        bool old = byte < 0 && i + 1 < path.len && lower(path.ptr[i + 1]) == 'u';
        bool hides = byte == '.' || byte == '/' || byte == '\\' || byte == '%' || byte >= 0x7f ||
                     (byte >= 0 && byte < 0x20);
        if (old || hides) return ENCODED;
    }
    return INSIDE;
}

static size_t step_end(text path, size_t from) {
    while (from < path.len && path.ptr[from] != '/') from++;
    return from;
}

static bool has_step_up(text path) {
    for (size_t at = 0, end; at <= path.len; at = end + 1) {
        end = step_end(path, at);
        if (equal(part_of(path, at, end), literal(".."))) return true;
    }
    return false;
}

static refusal check_step(text step, bool is_first) {
    if (step.len == 0) return MALFORMED;
    uint8_t last = step.ptr[step.len - 1];
    if (last == '.' || last == ' ') return MALFORMED;
    if (step.ptr[0] == '~') return HOME;
    bool drive = step.len > 1 && is_letter(step.ptr[0]) && (step.ptr[1] == ':' || step.ptr[1] == '|');
    return is_first && drive ? DRIVE : INSIDE;
}

/* Checks a path without the slash at its beginning; one at the end is usual for folders. */
static refusal check_steps(text path) {
    if (has_step_up(path)) return TRAVERSAL;
    if (path.len == 0) return INSIDE;
    if (path.ptr[path.len - 1] == '/') path.len--;
    for (size_t at = 0, end; at <= path.len; at = end + 1) {
        end = step_end(path, at);
        refusal found = check_step(part_of(path, at, end), at == 0);
        if (found != INSIDE) return found;
    }
    return INSIDE;
}

static refusal below(text base, text path, text *out) {
    if (has_step_up(path)) return TRAVERSAL;
    if (path.len == 0) return MALFORMED;
    if (base.len == 0) return RELATIVE;
    *out = base;
    if (equal(path, literal(".")) || equal(path, literal("./"))) return INSIDE;
    if (begins(path, "./")) path = part_of(path, 2, path.len);
    *out = joined(base, literal("/"), path);
    return check_steps(path);
}

refusal spelled(text path, text base, text *out) {
    if (path.len > MAX_PATH) return TOO_LONG;
    size_t length = scheme(path);
    if (length == 1) return DRIVE;
    if (length > 0 && !same_letters(part_of(path, 0, length), "file")) return BAD_URI;
    *out = path;
    refusal found = length > 0 ? decode_uri(path, out) : INSIDE;
    if (found == INSIDE) found = check_characters(*out);
    if (found != INSIDE) return found;
    if (begins(*out, "~")) return HOME;
    if (!begins(*out, "/")) return below(base, *out, out);
    return check_steps(part_of(*out, 1, out->len));
}

bool inside(text path, texts roots) {
    for (size_t i = 0; i < roots.len; i++) {
        size_t length = roots.ptr[i].len;
        bool long_enough = path.len >= length;
        if (long_enough && equal(part_of(path, 0, length), roots.ptr[i]) &&
            (path.len == length || path.ptr[length] == '/')) {
            return true;
        }
    }
    return false;
}
