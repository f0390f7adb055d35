/* A policy: what a tool sends goes to the domains that the operator names.
 *
 * Nothing is freed: a sandbox lives for one check. What is handed to the host is a copy from malloc
 * all the same, since the generated code frees it after the call. */
#include "call.h"
#include "setup.h"

/* The plugin's name. */
#define NAME "recipients"

/* Why a call may be refused or held: codes for machines, and the sentences that people read. */
static const char *const REASONS[][2] = {
    {"no-recipient", "The call names no recipient."},
    {"unreadable-recipient", "A recipient is no plain address of the form `local@domain`."},
    {"foreign-domain", "A recipient's domain is not one that is allowed."},
    {"many-recipients", "The call has more recipients than may pass without a human."},
};
#define REASON_COUNT (sizeof REASONS / sizeof *REASONS)

/* What was made of a text. */
typedef enum { ALLOWED, UNREADABLE, FOREIGN } judgement;

void exports_wardlet_plugin_plugin_describe(exports_wardlet_plugin_plugin_description_t *ret) {
    memset(ret, 0, sizeof *ret);
    plugin_string_dup(&ret->name, NAME);
    plugin_string_dup(&ret->version, "0.1.0");
    plugin_string_dup(&ret->summary,
                      "Keeps what a tool sends to the domains that the operator names.");
    ret->reasons.ptr = malloc(REASON_COUNT * sizeof *ret->reasons.ptr);
    ret->reasons.len = REASON_COUNT;
    for (size_t i = 0; i < REASON_COUNT; i++) {
        plugin_string_dup(&ret->reasons.ptr[i].code, REASONS[i][0]);
        plugin_string_dup(&ret->reasons.ptr[i].sentence, REASONS[i][1]);
    }
    /* Which argument it is, the settings say: so the whole of them. */
    ret->needs.ptr = malloc(sizeof *ret->needs.ptr);
    ret->needs.len = 1;
    ret->needs.ptr[0].part = ARGUMENTS;
    plugin_string_dup(&ret->needs.ptr[0].pointer, "");
}

bool exports_wardlet_plugin_plugin_configure(exports_wardlet_plugin_plugin_list_setting_fault_t *err) {
    faults found = check_setup();
    if (found.len == 0) return true;
    err->ptr = malloc(found.len * sizeof *err->ptr);
    err->len = found.len;
    for (size_t i = 0; i < found.len; i++) {
        err->ptr[i].pointer = copied(found.ptr[i].pointer);
        plugin_string_dup(&err->ptr[i].message, found.ptr[i].message);
    }
    return false;
}

/* Judges an address of the form `local@domain`. What two readers could take apart differently is
 * no address here. */
static judgement judge(text address, const setup *with) {
    size_t at = 0, count = 0;
    for (size_t i = 0; i < address.len; i++) {
        uint8_t c = address.ptr[i];
        if (c <= ' ' || c >= 0x7f || c == ',') return UNREADABLE;
        if (c == '@') at = i, count++;
    }
    if (count != 1 || at == 0 || at + 1 == address.len) return UNREADABLE;
    text domain = {address.ptr + at + 1, address.len - at - 1};
    return allows(with, domain) ? ALLOWED : FOREIGN;
}

/* Judges the value at a place; false where the host refuses to show it. */
static bool judge_place(text place, const setup *with, judgement *found) {
    value recipient;
    if (!get(ARGUMENTS, place, &recipient)) return false;
    bool is_text = recipient.tag == WARDLET_PLUGIN_DOCUMENT_VALUE_TEXT;
    *found = is_text ? judge(recipient.val.text, with) : UNREADABLE;
    return true;
}

static bool deny(exports_wardlet_plugin_policy_verdict_t *ret, const char *code) {
    ret->decision.tag = WARDLET_PLUGIN_TYPES_DECISION_DENY;
    plugin_string_dup(&ret->decision.val.deny, code);
    return true;
}

static bool failed(text *err, const char *why) {
    plugin_string_dup(err, why);
    return false;
}

bool exports_wardlet_plugin_policy_evaluate(exports_wardlet_plugin_policy_subject_t *subject,
                                            exports_wardlet_plugin_policy_verdict_t *ret,
                                            text *err) {
    (void)subject;
    setup with;
    fault bad = read_setup(&with);
    if (bad.message != NULL) return failed(err, bad.message);

    memset(ret, 0, sizeof *ret);
    ret->decision.tag = WARDLET_PLUGIN_TYPES_DECISION_ALLOW;
    text place = child(with.argument);
    value one;
    if (!get(ARGUMENTS, place, &one)) return failed(err, "the argument is not shown");
    bool is_list = one.tag == WARDLET_PLUGIN_DOCUMENT_VALUE_ITEMS;
    uint32_t count = is_list ? one.val.items : 1;
    if (one.tag == NOTHING || one.tag == WARDLET_PLUGIN_DOCUMENT_VALUE_NULL || count == 0) {
        return deny(ret, "no-recipient");
    }
    if (!is_list && one.tag != WARDLET_PLUGIN_DOCUMENT_VALUE_TEXT) {
        return deny(ret, "unreadable-recipient");
    }

    /* For whoever reads the debug log (capability `log`). */
    text message = literal("counted the recipients");
    wardlet_plugin_log_field_t field = {literal("recipients"), number(count)};
    wardlet_plugin_log_list_field_t fields = {&field, 1};
    wardlet_plugin_log_write(WARDLET_PLUGIN_LOG_LEVEL_DEBUG, &message, &fields);

    for (uint32_t i = 0; i < count; i++) {
        judgement found;
        if (!judge_place(is_list ? item(place, i) : place, &with, &found)) {
            return failed(err, "a recipient is not shown");
        }
        if (found == UNREADABLE) return deny(ret, "unreadable-recipient");
        if (found == FOREIGN) return deny(ret, "foreign-domain");
    }
    if (with.ask_above > 0 && count > with.ask_above) {
        ret->decision.tag = WARDLET_PLUGIN_TYPES_DECISION_REQUIRE_APPROVAL;
        plugin_string_dup(&ret->decision.val.require_approval, "many-recipients");
    }
    return true;
}
