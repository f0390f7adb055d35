/* The settings. */
#include "setup.h"

#define FAULT(at, what) ((fault){at, what})
#define NO_FAULT ((fault){{NULL, 0}, NULL})
#define UNREADABLE_SETTING "cannot be read: too large"

/* The most names that the host gives in one call. */
#define PAGE 256

static fault read_domains(setup *out) {
    value found;
    text pointer = literal("/domains");
    if (!get(SETTINGS, pointer, &found)) return FAULT(pointer, UNREADABLE_SETTING);
    bool is_list = found.tag == WARDLET_PLUGIN_DOCUMENT_VALUE_ITEMS;
    if (!is_list || found.val.items == 0) {
        return FAULT(pointer, "name at least one domain, for example [\"example.com\"]");
    }
    out->domain_count = found.val.items;
    out->domains = malloc(out->domain_count * sizeof(text));
    for (uint32_t i = 0; i < out->domain_count; i++) {
        text place = item(pointer, i);
        if (!get(SETTINGS, place, &found)) return FAULT(place, UNREADABLE_SETTING);
        if (found.tag != WARDLET_PLUGIN_DOCUMENT_VALUE_TEXT) return FAULT(place, "give a text here");
        out->domains[i] = found.val.text;
    }
    return NO_FAULT;
}

static fault read_argument(setup *out) {
    value found;
    text pointer = literal("/argument");
    if (!get(SETTINGS, pointer, &found)) return FAULT(pointer, UNREADABLE_SETTING);
    out->argument = literal("to");
    if (found.tag == NOTHING) return NO_FAULT;
    if (found.tag != WARDLET_PLUGIN_DOCUMENT_VALUE_TEXT) return FAULT(pointer, "give a text here");
    out->argument = found.val.text;
    return NO_FAULT;
}

/* The number that a literal of digits spells; 0 where it is none. */
static uint32_t parsed(text digits) {
    uint32_t n = 0;
    for (size_t i = 0; i < digits.len; i++) {
        uint8_t c = digits.ptr[i];
        if (c < '0' || c > '9') return 0;
        n = n > (UINT32_MAX - 9) / 10 ? UINT32_MAX : n * 10 + (c - '0');
    }
    return n;
}

static fault read_ask_above(setup *out) {
    value found;
    text pointer = literal("/ask_above");
    if (!get(SETTINGS, pointer, &found)) return FAULT(pointer, UNREADABLE_SETTING);
    out->ask_above = 0;
    if (found.tag == NOTHING) return NO_FAULT;
    bool is_number = found.tag == WARDLET_PLUGIN_DOCUMENT_VALUE_NUMBER;
    out->ask_above = is_number ? parsed(found.val.number) : 0;
    return out->ask_above > 0 ? NO_FAULT : FAULT(pointer, "give a whole number from 1 on");
}

fault read_setup(setup *out) {
    fault bad = read_domains(out);
    if (bad.message == NULL) bad = read_argument(out);
    if (bad.message == NULL) bad = read_ask_above(out);
    return bad;
}

static bool is_known(text name) {
    return equal(name, "domains") || equal(name, "argument") || equal(name, "ask_above");
}

faults check_setup(void) {
    faults found = {NULL, 0};
    text top = literal("");
    plugin_list_string_t names;
    wardlet_plugin_document_failure_t failure;
    uint32_t seen = 0;
    do {
        if (!wardlet_plugin_document_names(SETTINGS, &top, seen, &names, &failure)) __builtin_trap();
        found.ptr = realloc(found.ptr, (found.len + names.len + 1) * sizeof(fault));
        for (size_t i = 0; i < names.len; i++) {
            if (is_known(names.ptr[i])) continue;
            found.ptr[found.len++] =
                FAULT(child(names.ptr[i]), "no such setting; known are: domains, argument, ask_above");
        }
        seen += names.len;
    } while (names.len >= PAGE);
    if (found.len > 0) return found;
    setup ignored;
    fault bad = read_setup(&ignored);
    if (bad.message != NULL) found.ptr[found.len++] = bad;
    return found;
}

bool allows(const setup *with, text domain) {
    for (uint32_t i = 0; i < with->domain_count; i++) {
        if (equal_letters(with->domains[i], domain)) return true;
    }
    return false;
}
