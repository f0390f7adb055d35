//! The contract of plugins as Zig has it: what a plugin says of itself, the host's documents, and the
//! exports. Below it are C bindings, which `wardlet plugin build` makes of `wit/world.wit`: what is not
//! wrapped here is in `bindings`.
//!
//! A sandbox lives for one check: what is allocated need not be freed.

const std = @import("std");
const Allocator = std.mem.Allocator;

pub const bindings = @import("bindings");

/// The memory of the sandbox. The exports hand over what comes from here, and the bindings free it.
pub const gpa = std.heap.c_allocator;

pub const Part = enum(u8) { arguments, result, definition, settings };

pub const Phase = enum(u8) { request, response };

pub const Subject = struct {
    phase: Phase,
    method: []const u8,
    server: []const u8,
    name: []const u8,
};

/// A code for machines, and the sentence that people read instead.
pub const Code = struct { code: []const u8, sentence: []const u8 };

/// A place that the plugin reads: an RFC 6901 pointer.
pub const Need = struct { part: Part, pointer: []const u8 };

/// What a plugin says of itself.
pub const Description = struct {
    name: []const u8,
    version: []const u8,
    summary: []const u8,
    reasons: []const Code = &.{},
    entities: []const Code = &.{},
    needs: []const Need = &.{},
};

/// What is wrong with a setting, and how to mend it.
pub const Fault = struct { pointer: []const u8, message: []const u8 };

pub const Faults = std.ArrayList(Fault);

/// What a policy concludes. A `deny` or `require_approval` names a declared reason.
pub const Verdict = union(enum(u8)) {
    abstain,
    allow,
    deny: []const u8,
    require_approval: []const u8,
};

/// A span of a leaf, in bytes of its UTF-8 text, that must not pass.
pub const Edit = struct {
    leaf: u32,
    start: usize,
    end: usize,
    entity: []const u8,
    /// In percent.
    confidence: u8,
};

/// Regular expressions that the host searches for, for plugins that use `scan`.
pub const PatternSet = struct {
    name: []const u8,
    patterns: []const Pattern,

    pub const Pattern = struct { id: []const u8, regex: []const u8 };
};

/// The documents of a check, as far as the operator lets this plugin see them.
pub const document = struct {
    pub const Failure = error{ NotGranted, BadPointer, TooLarge };

    pub const Value = union(enum(u8)) {
        null,
        boolean: bool,
        /// The literal as it came.
        number: []const u8,
        text: []const u8,
        /// An array, with the number of its items.
        items: u32,
        /// An object, with the number of its members.
        members: u32,
    };

    /// A text: a string, or the name of a member.
    pub const Leaf = struct { id: u32, is_name: bool, text: []const u8 };

    /// The value at a pointer (RFC 6901); null where nothing stands there.
    pub fn get(part: Part, pointer: []const u8) Failure!?Value {
        var place = lent(pointer);
        var found: bindings.wardlet_plugin_document_option_value_t = .{};
        var failed: u8 = 0;
        if (!bindings.wardlet_plugin_document_get(@backingInt(part), &place, &found, &failed)) {
            return failure(failed);
        }
        if (!found.is_some) return null;
        const value = found.val.val;
        return switch (@as(std.meta.Tag(Value), @fromBackingInt(@intCast(found.val.tag)))) {
            .null => .null,
            .boolean => .{ .boolean = value.boolean },
            .number => .{ .number = slice(value.number) },
            .text => .{ .text = slice(value.text) },
            .items => .{ .items = value.items },
            .members => .{ .members = value.members },
        };
    }

    /// The names of all members of the object at a pointer; none where no object stands there.
    pub fn names(part: Part, pointer: []const u8) (Failure || Allocator.Error)![]const []const u8 {
        var all: std.ArrayList([]const u8) = .empty;
        while (true) {
            var place = lent(pointer);
            var page: bindings.plugin_list_string_t = .{};
            var failed: u8 = 0;
            const skip: u32 = @intCast(all.items.len);
            if (!bindings.wardlet_plugin_document_names(@backingInt(part), &place, skip, &page, &failed)) {
                return failure(failed);
            }
            if (page.len == 0) return all.items;
            for (page.ptr[0..page.len]) |name| try all.append(gpa, slice(name));
        }
    }

    /// The texts at and below a pointer, in the order of the document.
    pub fn strings(part: Part, pointer: []const u8) Strings {
        return .{ .part = part, .pointer = pointer };
    }

    pub const Strings = struct {
        part: Part,
        pointer: []const u8,
        batch: bindings.wardlet_plugin_document_batch_t = .{ .next = .{ .is_some = true } },
        index: usize = 0,

        /// The next text, which stays until the one after it is asked for; null after the last.
        pub fn next(self: *Strings) Failure!?Leaf {
            while (self.index == self.batch.leaves.len) {
                if (!self.batch.next.is_some) return null;
                const from = self.batch.next.val;
                // The next batch takes the memory of this one, so that a large document fits.
                bindings.wardlet_plugin_document_batch_free(&self.batch);
                self.batch = .{};
                self.index = 0;
                var place = lent(self.pointer);
                var failed: u8 = 0;
                const part = @backingInt(self.part);
                if (!bindings.wardlet_plugin_document_strings(part, &place, from, &self.batch, &failed)) {
                    return failure(failed);
                }
            }
            const leaf = self.batch.leaves.ptr[self.index];
            self.index += 1;
            return .{ .id = leaf.id, .is_name = leaf.name, .text = slice(leaf.text) };
        }
    };

    /// The pointer of a member. `~` and `/` in its name are escaped (RFC 6901, section 3).
    pub fn child(parent: []const u8, name: []const u8) Allocator.Error![]const u8 {
        const tilde = try std.mem.replaceOwned(u8, gpa, name, "~", "~0");
        const escaped = try std.mem.replaceOwned(u8, gpa, tilde, "/", "~1");
        return std.mem.concat(gpa, u8, &.{ parent, "/", escaped });
    }

    /// The pointer of an item.
    pub fn item(parent: []const u8, index: usize) Allocator.Error![]const u8 {
        return std.fmt.allocPrint(gpa, "{s}/{d}", .{ parent, index });
    }

    fn failure(code: u8) Failure {
        return switch (code) {
            bindings.WARDLET_PLUGIN_DOCUMENT_FAILURE_NOT_GRANTED => error.NotGranted,
            bindings.WARDLET_PLUGIN_DOCUMENT_FAILURE_BAD_POINTER => error.BadPointer,
            else => error.TooLarge,
        };
    }
};

/// The operator's debug log, for plugins that use `log`.
pub const log = struct {
    pub const Field = struct { key: []const u8, value: []const u8 };

    pub fn debug(message: []const u8, fields: []const Field) void {
        const list = room(bindings.wardlet_plugin_log_field_t, fields.len);
        for (list, fields) |*to, from| to.* = .{ .key = lent(from.key), .value = lent(from.value) };
        var text = lent(message);
        var all: bindings.wardlet_plugin_log_list_field_t = .{ .ptr = list.ptr, .len = list.len };
        bindings.wardlet_plugin_log_write(bindings.WARDLET_PLUGIN_LOG_LEVEL_DEBUG, &text, &all);
    }
};

/// Exports a policy: a type with `description`, `configure` and `evaluate`, and perhaps `patterns`.
pub fn exportPolicy(comptime Plugin: type) void {
    exportPlugin(Plugin);
    const Export = struct {
        fn evaluate(
            subject: *bindings.exports_wardlet_plugin_policy_subject_t,
            ret: *bindings.exports_wardlet_plugin_policy_verdict_t,
            err: *bindings.plugin_string_t,
        ) callconv(.c) bool {
            const verdict: Verdict = Plugin.evaluate(taken(subject)) catch |failure| {
                err.* = given(@errorName(failure));
                return false;
            };
            ret.* = .{ .decision = .{ .tag = @backingInt(verdict) } };
            switch (verdict) {
                .abstain, .allow => {},
                .deny => |code| ret.decision.val.deny = given(code),
                .require_approval => |code| ret.decision.val.require_approval = given(code),
            }
            return true;
        }
    };
    @export(&Export.evaluate, .{ .name = "exports_wardlet_plugin_policy_evaluate" });
}

/// Exports a redactor: a type with `description`, `configure` and `find`, and perhaps `patterns`.
pub fn exportRedactor(comptime Plugin: type) void {
    exportPlugin(Plugin);
    const Export = struct {
        fn find(
            subject: *bindings.exports_wardlet_plugin_redactor_subject_t,
            part: u8,
            ret: *bindings.exports_wardlet_plugin_redactor_list_edit_t,
            err: *bindings.plugin_string_t,
        ) callconv(.c) bool {
            const edits: []const Edit = Plugin.find(taken(subject), @fromBackingInt(@intCast(part))) catch |failure| {
                err.* = given(@errorName(failure));
                return false;
            };
            const list = room(bindings.wardlet_plugin_types_edit_t, edits.len);
            for (list, edits) |*to, from| to.* = .{
                .leaf = from.leaf,
                .start = @intCast(from.start),
                .end = @intCast(from.end),
                .entity = given(from.entity),
                .confidence = from.confidence,
            };
            ret.* = .{ .ptr = list.ptr, .len = list.len };
            return true;
        }
    };
    @export(&Export.find, .{ .name = "exports_wardlet_plugin_redactor_find" });
}

fn exportPlugin(comptime Plugin: type) void {
    const Export = struct {
        fn describe(ret: *bindings.exports_wardlet_plugin_plugin_description_t) callconv(.c) void {
            const description: Description = Plugin.description;
            const needs = room(bindings.exports_wardlet_plugin_plugin_need_t, description.needs.len);
            for (needs, description.needs) |*to, from| to.* = .{
                .part = @backingInt(from.part),
                .pointer = given(from.pointer),
            };
            ret.* = .{
                .name = given(description.name),
                .version = given(description.version),
                .summary = given(description.summary),
                .reasons = codes(description.reasons),
                .entities = codes(description.entities),
                .needs = .{ .ptr = needs.ptr, .len = needs.len },
            };
        }

        /// What cannot be read traps, which refuses the load.
        fn configure(err: *bindings.exports_wardlet_plugin_plugin_list_setting_fault_t) callconv(.c) bool {
            var faults: Faults = .empty;
            Plugin.configure(&faults) catch |failure| @panic(@errorName(failure));
            if (faults.items.len == 0) return true;
            const list = room(bindings.exports_wardlet_plugin_plugin_setting_fault_t, faults.items.len);
            for (list, faults.items) |*to, from| to.* = .{
                .pointer = given(from.pointer),
                .message = given(from.message),
            };
            err.* = .{ .ptr = list.ptr, .len = list.len };
            return false;
        }

        fn codes(from: []const Code) bindings.exports_wardlet_plugin_plugin_list_code_t {
            const list = room(bindings.exports_wardlet_plugin_plugin_code_t, from.len);
            for (list, from) |*to, one| to.* = .{
                .code = given(one.code),
                .sentence = given(one.sentence),
            };
            return .{ .ptr = list.ptr, .len = list.len };
        }
    };
    if (@hasDecl(Plugin, "patterns")) exportPatterns(&Plugin.patterns);
    @export(&Export.describe, .{ .name = "exports_wardlet_plugin_plugin_describe" });
    @export(&Export.configure, .{ .name = "exports_wardlet_plugin_plugin_configure" });
}

fn exportPatterns(comptime sets: []const PatternSet) void {
    const Export = struct {
        fn declare(ret: *bindings.exports_wardlet_plugin_patterns_list_pattern_set_t) callconv(.c) void {
            // A plugin that declares patterns imports `scan`, also where nothing calls it yet.
            std.mem.doNotOptimizeAway(&bindings.wardlet_plugin_scan_run);
            const list = room(bindings.exports_wardlet_plugin_patterns_pattern_set_t, sets.len);
            for (list, sets) |*to, from| {
                const patterns = room(bindings.exports_wardlet_plugin_patterns_pattern_t, from.patterns.len);
                for (patterns, from.patterns) |*pattern, one| pattern.* = .{
                    .id = given(one.id),
                    .regex = given(one.regex),
                };
                to.* = .{
                    .name = given(from.name),
                    .patterns = .{ .ptr = patterns.ptr, .len = patterns.len },
                };
            }
            ret.* = .{ .ptr = list.ptr, .len = list.len };
        }
    };
    @export(&Export.declare, .{ .name = "exports_wardlet_plugin_patterns_declare" });
}

fn taken(subject: *const bindings.wardlet_plugin_types_subject_t) Subject {
    return .{
        .phase = @fromBackingInt(@intCast(subject.phase)),
        .method = slice(subject.method),
        .server = slice(subject.server),
        .name = slice(subject.name),
    };
}

/// A text of the bindings. It stays as long as what it is part of.
pub fn slice(text: bindings.plugin_string_t) []const u8 {
    return if (text.len == 0) "" else text.ptr[0..text.len];
}

/// A text that the host reads and nobody writes or frees.
pub fn lent(text: []const u8) bindings.plugin_string_t {
    return .{ .ptr = @constCast(text.ptr), .len = text.len };
}

/// A copy that the bindings free. Without memory it traps, which denies.
fn given(text: []const u8) bindings.plugin_string_t {
    const copy = room(u8, text.len);
    @memcpy(copy, text);
    return .{ .ptr = copy.ptr, .len = copy.len };
}

/// Memory for a list. For an empty one too: its address has to be within the memory all the same, and
/// that of no allocation is not.
fn room(comptime T: type, count: usize) []T {
    const list = gpa.alloc(T, @max(count, 1)) catch @panic("OOM");
    return list[0..count];
}
