/// Patterns that the host searches for on the plugin's behalf (capability `scan`). The texts stay where they
/// are; only matches come into the sandbox.
pub const patterns = [_]wardlet.PatternSet{.{
    .name = "orders",
    .patterns = &.{.{ .id = "order-number", .regex = "ORD-[0-9]{6}\\b" }},
}};

/// A batch of matches in a part: begin with `from` = 0 and go on with `next`. Call it from `find` or
/// `evaluate`.
fn search(part: wardlet.Part, from: u32) !wardlet.bindings.wardlet_plugin_scan_batch_t {
    var set = wardlet.lent(patterns[0].name);
    var top = wardlet.lent("");
    var batch: wardlet.bindings.wardlet_plugin_scan_batch_t = .{};
    var failure: u8 = 0;
    if (!wardlet.bindings.wardlet_plugin_scan_run(&set, @backingInt(part), &top, from, &batch, &failure)) {
        return error.NotScanned;
    }
    return batch;
}
