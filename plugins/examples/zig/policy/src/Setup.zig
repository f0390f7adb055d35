//! The settings: who may be sent to.

const std = @import("std");
const wardlet = @import("wardlet.zig");
const document = wardlet.document;

domains: []const []const u8,
/// The argument that holds the recipients.
argument: []const u8,
/// More recipients than this wait for a human.
ask_above: ?u32,

const Setup = @This();

/// The names of all settings.
const settings = [_][]const u8{ "domains", "argument", "ask_above" };

/// Checks every setting: one that is misspelt is not passed over.
pub fn check(faults: *wardlet.Faults) !void {
    for (try document.names(.settings, "")) |name| {
        if (isSetting(name)) continue;
        try faults.append(wardlet.gpa, .{
            .pointer = try document.child("", name),
            .message = "no such setting; known are: domains, argument, ask_above",
        });
    }
    if (faults.items.len > 0) return;
    _ = read(faults) catch |failure| if (failure != error.BadSetting) return failure;
}

/// Reads the settings, up to the first fault.
pub fn read(faults: *wardlet.Faults) !Setup {
    return .{
        .domains = try readDomains(faults),
        .argument = try readArgument(faults),
        .ask_above = try readAskAbove(faults),
    };
}

/// Whether a domain is one of those that are named. A domain below one of them is another.
pub fn allows(self: Setup, domain: []const u8) bool {
    for (self.domains) |allowed| {
        if (std.ascii.eqlIgnoreCase(allowed, domain)) return true;
    }
    return false;
}

fn isSetting(name: []const u8) bool {
    for (settings) |known| {
        if (std.mem.eql(u8, known, name)) return true;
    }
    return false;
}

fn readDomains(faults: *wardlet.Faults) ![]const []const u8 {
    const place = "/domains";
    const count = if (try document.get(.settings, place)) |value| switch (value) {
        .items => |count| count,
        else => 0,
    } else 0;
    if (count == 0) {
        return refuse(faults, place, "name at least one domain, for example [\"example.com\"]");
    }
    const domains = try wardlet.gpa.alloc([]const u8, count);
    for (domains, 0..) |*domain, index| {
        const pointer = try document.item(place, index);
        domain.* = try readText(faults, pointer) orelse return refuse(faults, pointer, "give a text here");
    }
    return domains;
}

fn readArgument(faults: *wardlet.Faults) ![]const u8 {
    return try readText(faults, "/argument") orelse "to";
}

fn readAskAbove(faults: *wardlet.Faults) !?u32 {
    const place = "/ask_above";
    const value = try document.get(.settings, place) orelse return null;
    const literal = switch (value) {
        .number => |literal| literal,
        else => "",
    };
    for (literal) |byte| {
        if (!std.ascii.isDigit(byte)) return refuse(faults, place, "give a whole number from 1 on");
    }
    const number = std.fmt.parseInt(u32, literal, 10) catch |failure| switch (failure) {
        error.Overflow => std.math.maxInt(u32),
        error.InvalidCharacter => 0,
    };
    return if (number > 0) number else refuse(faults, place, "give a whole number from 1 on");
}

fn readText(faults: *wardlet.Faults, pointer: []const u8) !?[]const u8 {
    const value = try document.get(.settings, pointer) orelse return null;
    return switch (value) {
        .text => |text| text,
        else => refuse(faults, pointer, "give a text here"),
    };
}

fn refuse(faults: *wardlet.Faults, pointer: []const u8, message: []const u8) error{ BadSetting, OutOfMemory } {
    try faults.append(wardlet.gpa, .{ .pointer = pointer, .message = message });
    return error.BadSetting;
}
