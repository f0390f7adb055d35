//! Addresses of mail.

const std = @import("std");

/// The domain of an address of the form `local@domain`; null where a text is of any other form. What
/// two readers could take apart differently is no address here.
pub fn domain(address: []const u8) ?[]const u8 {
    for (address) |byte| {
        if (!std.ascii.isGraphical(byte) or byte == ',') return null;
    }
    const local, const rest = std.mem.cutScalar(u8, address, '@') orelse return null;
    if (local.len == 0 or rest.len == 0) return null;
    if (std.mem.indexOfScalar(u8, rest, '@') != null) return null;
    return rest;
}

test domain {
    try std.testing.expectEqualStrings("example.com", domain("ann@example.com").?);
    for ([_][]const u8{ "", "@", "ann", "ann@", "@example.com", "a@b@c", "a b@c", "a,b@c", "ä@c" }) |text| {
        try std.testing.expectEqual(null, domain(text));
    }
}
