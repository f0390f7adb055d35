// The settings.
#pragma once

#include "call.hpp"

// Who may be sent to.
struct Setup {
    std::vector<std::string> domains;
    // The argument that holds the recipients.
    std::string argument;
    // More recipients than this wait for a human.
    std::optional<uint32_t> ask_above;

    // Whether a domain is one of those that are named. A domain below one of them is another.
    bool allows(std::string_view domain) const;
};

// A fault of the settings, and how to mend it.
struct Fault {
    std::string pointer;
    std::string_view message;
};

// Reads the settings, stopping at the first fault.
std::expected<Setup, Fault> read_setup();

// Settings whose names are not known: one that is misspelt is not passed over.
std::vector<Fault> unknown_settings();
