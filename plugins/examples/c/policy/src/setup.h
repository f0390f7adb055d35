/* The settings. */
#ifndef SETUP_H
#define SETUP_H

#include "call.h"

/* Who may be sent to. */
typedef struct {
    text *domains;
    uint32_t domain_count;
    text argument;      /* the argument that holds the recipients */
    uint32_t ask_above; /* more recipients than this wait for a human; 0: never */
} setup;

/* A fault of the settings; `message` is NULL where there is none. */
typedef struct {
    text pointer;
    const char *message;
} fault;

typedef struct {
    fault *ptr;
    size_t len;
} faults;

/* Reads the settings, stopping at the first fault. */
fault read_setup(setup *out);

/* All faults. A setting that is misspelt is not passed over. */
faults check_setup(void);

/* Whether a domain is one of those that are named. A domain below one of them is another. */
bool allows(const setup *with, text domain);

#endif
