/* A policy that tries what a C library gives it, and says on its standard output what came of it. */
#define _GNU_SOURCE /* also what is not in C11 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "plugin.h"

extern char **environ;

void exports_wardlet_plugin_plugin_describe(exports_wardlet_plugin_plugin_description_t *ret) {
    memset(ret, 0, sizeof *ret);
    plugin_string_dup(&ret->name, "probe");
    plugin_string_dup(&ret->version, "1.0.0");
    plugin_string_dup(&ret->summary, "Tries what a C library gives it.");
}

bool exports_wardlet_plugin_plugin_configure(exports_wardlet_plugin_plugin_list_setting_fault_t *err) {
    (void)err;
    return true;
}

static int environment(void) {
    int count = 0;
    while (environ != NULL && environ[count] != NULL) count++;
    return count;
}

bool exports_wardlet_plugin_policy_evaluate(exports_wardlet_plugin_policy_subject_t *subject,
                                            exports_wardlet_plugin_policy_verdict_t *ret,
                                            plugin_string_t *err) {
    struct timespec now, one, other;
    unsigned char bytes[16] = {0}, none[16] = {0};
    char line[16];
    (void)subject, (void)err;
    FILE *file = fopen("/etc/passwd", "r");
    printf("file: %s\n", file == NULL ? strerror(errno) : "open");
    printf("environment: %d, PATH: %s\n", environment(), getenv("PATH") == NULL ? "none" : "there");
    clock_gettime(CLOCK_REALTIME, &now);
    printf("seconds: %lld\n", (long long)now.tv_sec);
    clock_gettime(CLOCK_MONOTONIC, &one);
    clock_gettime(CLOCK_MONOTONIC, &other);
    printf("step: %ld\n", other.tv_nsec - one.tv_nsec);
    nanosleep(&(struct timespec){.tv_sec = 3600}, NULL);
    printf("random: %s\n", getentropy(bytes, 16) == 0 && memcmp(bytes, none, 16) != 0 ? "drawn" : "none");
    printf("input: %s\n", fgets(line, sizeof line, stdin) == NULL ? "closed" : "read");
    fprintf(stderr, "said on the other");
    fflush(NULL);
    memset(ret, 0, sizeof *ret);
    ret->decision.tag = WARDLET_PLUGIN_TYPES_DECISION_ALLOW;
    return true;
}
