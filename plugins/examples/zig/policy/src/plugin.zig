//! A policy: what a tool sends goes to the domains that the operator names.

const std = @import("std");
const address = @import("address.zig");
const wardlet = @import("wardlet.zig");
const document = wardlet.document;
const log = wardlet.log; // capability `log`
const Setup = @import("Setup.zig");

/// A panic traps, and a trap denies. Its words would need an output, which there is not.
pub const panic = std.debug.no_panic;

comptime {
    wardlet.exportPolicy(@This());
}

pub const description: wardlet.Description = .{
    .name = "recipients",
    .version = "0.1.0",
    .summary = "Keeps what a tool sends to the domains that the operator names.",
    .reasons = &.{
        .{ .code = "no-recipient", .sentence = "The call names no recipient." },
        .{
            .code = "unreadable-recipient",
            .sentence = "A recipient is no plain address of the form `local@domain`.",
        },
        .{ .code = "foreign-domain", .sentence = "A recipient's domain is not one that is allowed." },
        .{
            .code = "many-recipients",
            .sentence = "The call has more recipients than may pass without a human.",
        },
    },
    // Which argument it is, the settings say: so the whole of them.
    .needs = &.{.{ .part = .arguments, .pointer = "" }},
};

/// Checks the settings.
pub fn configure(faults: *wardlet.Faults) !void {
    try Setup.check(faults);
}

/// Judges a call. An error says that the plugin failed: the call is denied.
pub fn evaluate(_: wardlet.Subject) !wardlet.Verdict {
    var faults: wardlet.Faults = .empty;
    const setup = try Setup.read(&faults);
    const place = try document.child("", setup.argument);
    const found = try document.get(.arguments, place) orelse return .{ .deny = "no-recipient" };
    const count: u32 = switch (found) {
        .null => 0,
        .text => 1,
        .items => |count| count,
        else => return .{ .deny = "unreadable-recipient" },
    };
    if (count == 0) return .{ .deny = "no-recipient" };

    // For whoever reads the debug log (capability `log`).
    const counted = try std.fmt.allocPrint(wardlet.gpa, "{d}", .{count});
    log.debug("counted the recipients", &.{.{ .key = "recipients", .value = counted }});

    for (0..count) |index| {
        const recipient = switch (found) {
            .items => try document.get(.arguments, try document.item(place, index)),
            else => found,
        };
        const text = if (recipient) |value| switch (value) {
            .text => |text| text,
            else => null,
        } else null;
        const domain = address.domain(text orelse "") orelse return .{ .deny = "unreadable-recipient" };
        if (!setup.allows(domain)) return .{ .deny = "foreign-domain" };
    }
    if (setup.ask_above) |most| {
        if (count > most) return .{ .require_approval = "many-recipients" };
    }
    return .allow;
}
