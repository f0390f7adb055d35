//! A redactor: the numbers of employees, `EMP-` and six digits.

const std = @import("std");
const wardlet = @import("wardlet.zig");
const document = wardlet.document;
const log = wardlet.log; // capability `log`

/// A panic traps, and a trap withholds. Its words would need an output, which there is not.
pub const panic = std.debug.no_panic;

comptime {
    wardlet.exportRedactor(@This());
}

/// What is found.
const entity = "employee-number";

/// What a number begins with, and the digits after it.
const prefix = "EMP-";
const digits = 6;
const length = prefix.len + digits;

pub const description: wardlet.Description = .{
    .name = "employee-numbers",
    .version = "0.1.0",
    .summary = "Keeps the numbers of employees from passing.",
    .entities = &.{.{ .code = entity, .sentence = "The number of an employee." }},
};

/// There are no settings: one that is given is misspelt.
pub fn configure(faults: *wardlet.Faults) !void {
    for (try document.names(.settings, "")) |name| {
        try faults.append(wardlet.gpa, .{
            .pointer = try document.child("", name),
            .message = "no such setting; there are none",
        });
    }
}

/// Finds the numbers in a part. An error says that the plugin failed: the answer is withheld.
pub fn find(_: wardlet.Subject, part: wardlet.Part) ![]const wardlet.Edit {
    var edits: std.ArrayList(wardlet.Edit) = .empty;
    var leaves = document.strings(part, "");
    while (try leaves.next()) |leaf| {
        var from: usize = 0;
        while (std.mem.indexOfPos(u8, leaf.text, from, prefix)) |start| : (from = start + 1) {
            if (!isNumber(leaf.text, start)) continue;
            try edits.append(wardlet.gpa, .{
                .leaf = leaf.id,
                .start = start,
                .end = start + length,
                .entity = entity,
                // In percent: the form says it all.
                .confidence = 100,
            });
        }
    }

    // For whoever reads the debug log (capability `log`).
    const count = try std.fmt.allocPrint(wardlet.gpa, "{d}", .{edits.items.len});
    log.debug("looked for employee numbers", &.{.{ .key = "found", .value = count }});

    return edits.items;
}

/// Whether what begins with the prefix at a place is a number. Between letters or digits there is none:
/// that would be part of another name.
fn isNumber(text: []const u8, start: usize) bool {
    const end = start + length;
    if (end > text.len) return false;
    for (text[start + prefix.len .. end]) |byte| {
        if (!std.ascii.isDigit(byte)) return false;
    }
    const inner_before = start > 0 and std.ascii.isAlphanumeric(text[start - 1]);
    const inner_after = end < text.len and std.ascii.isAlphanumeric(text[end]);
    return !inner_before and !inner_after;
}
