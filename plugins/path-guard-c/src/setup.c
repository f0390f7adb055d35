/* The settings. */
#include <stdlib.h>

#include "guard.h"

#define FAULT(at, what) ((fault){at, what})
#define NO_FAULT ((fault){{NULL, 0}, NULL})
#define UNREADABLE_SETTING "cannot be read: too large"

/* The argument names that hold paths unless the operator names others, folded. */
static const char *const KEYS[] = {
    "path",      "paths",       "source",    "destination", "src",           "dst",  "from",
    "to",        "file",        "files",     "filepath",    "filepaths",     "filename", "filenames",
    "directory", "directories", "dir",       "dirs",        "folder",        "uri",  "uris",
    "root",      "repopath",    "cwd",       "workingdirectory",
};

static const char *const SETTINGS_KNOWN[] = {"roots", "keys", "relative", "base", "no_path_tools"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static texts from_literals(const char *const *from, size_t count) {
    texts out = {malloc(count * sizeof(text)), count};
    if (out.ptr == NULL) __builtin_trap();
    for (size_t i = 0; i < count; i++) out.ptr[i] = literal(from[i]);
    return out;
}

static fault read_text(text pointer, text *out, bool *there) {
    value found;
    if (!get(SETTINGS, pointer, &found)) return FAULT(pointer, UNREADABLE_SETTING);
    *there = found.tag == WARDLET_PLUGIN_DOCUMENT_VALUE_TEXT;
    if (*there) *out = found.val.text;
    return *there || found.tag == NOTHING ? NO_FAULT : FAULT(pointer, "give a text here");
}

static fault read_texts(text pointer, texts *out, bool *there) {
    value found;
    *out = (texts){NULL, 0};
    *there = false;
    if (!get(SETTINGS, pointer, &found)) return FAULT(pointer, UNREADABLE_SETTING);
    if (found.tag == NOTHING) return NO_FAULT;
    if (found.tag != WARDLET_PLUGIN_DOCUMENT_VALUE_ITEMS) {
        return FAULT(pointer, "give a list of texts here");
    }
    *there = true;
    out->ptr = calloc(found.val.items + 1, sizeof(text));
    if (out->ptr == NULL) __builtin_trap();
    for (uint32_t i = 0; i < found.val.items; i++) {
        bool is_text;
        text place = item(pointer, i);
        fault bad = read_text(place, &out->ptr[i], &is_text);
        if (bad.message != NULL) return bad;
        if (!is_text) return FAULT(place, "give a text here");
        out->len++;
    }
    return NO_FAULT;
}

/* A folder of the operator's, held to what is asked of paths, without a slash at the end. */
static fault read_folder(text pointer, text *folder) {
    text trimmed = *folder;
    if (trimmed.len > 0 && trimmed.ptr[trimmed.len - 1] == '/') trimmed.len--;
    if (trimmed.len == 0) {
        return FAULT(pointer, "name a folder below `/`: the guard would keep nothing out");
    }
    if (spelled(trimmed, literal(""), folder) != INSIDE) {
        return FAULT(pointer, "give an absolute path without `.`, `..`, `//`, `~`, `\\` or look-alikes");
    }
    return NO_FAULT;
}

static fault read_roots(setup *out) {
    bool there;
    text pointer = literal("/roots");
    fault bad = read_texts(pointer, &out->roots, &there);
    if (bad.message == NULL && out->roots.len == 0) {
        bad = FAULT(pointer, "name at least one folder, for example [\"/srv/data\"]");
    }
    for (size_t i = 0; i < out->roots.len && bad.message == NULL; i++) {
        bad = read_folder(item(pointer, i), &out->roots.ptr[i]);
    }
    return bad;
}

static fault read_keys(setup *out) {
    bool there;
    text pointer = literal("/keys");
    fault bad = read_texts(pointer, &out->keys, &there);
    if (bad.message != NULL) return bad;
    if (!there) out->keys = from_literals(KEYS, COUNT(KEYS));
    if (out->keys.len == 0) {
        return FAULT(pointer, "name at least one argument, or leave this out for the usual ones");
    }
    for (size_t i = 0; i < out->keys.len; i++) out->keys.ptr[i] = folded(out->keys.ptr[i]);
    return NO_FAULT;
}

static fault read_base(setup *out) {
    bool has_base, has_word;
    text word = literal("deny"), base = literal("/base"), relative = literal("/relative");
    out->base = literal("");
    fault bad = read_text(base, &out->base, &has_base);
    if (bad.message == NULL) bad = read_text(relative, &word, &has_word);
    if (bad.message != NULL) return bad;
    if (equal(word, literal("deny"))) {
        return has_base ? FAULT(base, "only with `relative` = \"allow\"") : NO_FAULT;
    }
    if (!equal(word, literal("allow"))) return FAULT(relative, "give \"allow\" or \"deny\"");
    if (!has_base) return FAULT(base, "name the folder in which the server resolves relative paths");
    bad = read_folder(base, &out->base);
    if (bad.message != NULL) return bad;
    bool within = inside(out->base, out->roots);
    return within ? NO_FAULT : FAULT(base, "must be inside of one of the roots");
}

fault read_setup(setup *out) {
    bool there;
    fault bad = read_roots(out);
    if (bad.message == NULL) bad = read_keys(out);
    if (bad.message == NULL) bad = read_base(out);
    if (bad.message == NULL) bad = read_texts(literal("/no_path_tools"), &out->no_path_tools, &there);
    return bad;
}

fault check_names(void) {
    texts known = from_literals(SETTINGS_KNOWN, COUNT(SETTINGS_KNOWN)), given;
    text top = literal("");
    if (!names(SETTINGS, top, &given)) return FAULT(top, UNREADABLE_SETTING);
    for (size_t i = 0; i < given.len; i++) {
        if (!listed(given.ptr[i], known)) {
            return FAULT(child(top, given.ptr[i]),
                         "no such setting; known are: roots, keys, relative, base, no_path_tools");
        }
    }
    return NO_FAULT;
}
