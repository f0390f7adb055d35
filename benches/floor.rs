//! The floor: the same component on the same engine by wasmtime alone. A fresh store and instance for
//! each check, host functions that read a `serde_json::Value`, and nothing of Wardlet.

use std::sync::Arc;

use serde_json::Value as Parsed;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Result, Store, StoreLimits, StoreLimitsBuilder};

wasmtime::component::bindgen!({
    path: "../wit",
    inline: "
        package wardlet:floor;
        world floor {
            import wardlet:plugin/document@0.1.0;
            export wardlet:plugin/policy@0.1.0;
        }",
});

use self::wardlet::plugin::document::{Batch, Failure, Host as DocumentHost, Value};
pub(crate) use self::wardlet::plugin::types::{Decision, Phase, Subject};
use self::wardlet::plugin::types::{Host as TypesHost, Part};

/// Memory of a check, as `wardlet_sandbox::DEFAULT_MEMORY`.
const MEMORY: usize = 16 << 20;

/// Bytes that a host call may bring, as Wardlet has it.
const LIFTED: usize = 2 << 20;

/// Ticks of an epoch that nobody advances: the check of it in the code is what costs.
const DEADLINE: u64 = 1_000;

struct State {
    limits: StoreLimits,
    arguments: Arc<Parsed>,
    settings: Arc<Parsed>,
}

impl State {
    fn part(&self, part: Part) -> Option<&Parsed> {
        match part {
            Part::Arguments => Some(&self.arguments),
            Part::Settings => Some(&self.settings),
            Part::Result | Part::Definition => None,
        }
    }
}

impl TypesHost for State {}

impl DocumentHost for State {
    fn get(&mut self, part: Part, pointer: String) -> std::result::Result<Option<Value>, Failure> {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let found = self
            .part(part)
            .and_then(|document| document.pointer(&pointer));
        Ok(found.map(|value| match value {
            Parsed::Null => Value::Null,
            Parsed::Bool(flag) => Value::Boolean(*flag),
            Parsed::Number(number) => Value::Number(number.to_string()),
            Parsed::String(text) => Value::Text(text.clone()),
            Parsed::Array(items) => Value::Items(count(items.len())),
            Parsed::Object(members) => Value::Members(count(members.len())),
        }))
    }

    fn names(
        &mut self,
        part: Part,
        pointer: String,
        skip: u32,
    ) -> std::result::Result<Vec<String>, Failure> {
        let found = self
            .part(part)
            .and_then(|document| document.pointer(&pointer));
        let members = found.and_then(Parsed::as_object);
        Ok(members
            .map(|members| {
                members
                    .keys()
                    .skip(skip as usize)
                    .take(256)
                    .cloned()
                    .collect()
            })
            .unwrap_or_default())
    }

    fn strings(&mut self, _: Part, _: String, _: u32) -> std::result::Result<Batch, Failure> {
        Err(Failure::NotGranted)
    }

    fn locate(&mut self, _: Part, _: u32) -> std::result::Result<Option<String>, Failure> {
        Err(Failure::NotGranted)
    }

    fn text(&mut self, _: Part) -> std::result::Result<Option<String>, Failure> {
        Err(Failure::NotGranted)
    }
}

/// A component, ready to be instantiated.
pub(crate) struct Bare {
    engine: Engine,
    pre: FloorPre<State>,
    arguments: Arc<Parsed>,
    settings: Arc<Parsed>,
}

impl Bare {
    pub(crate) fn new(component: &[u8], arguments: &str, settings: &str) -> Result<Self> {
        let engine = wardlet_sandbox::new_engine()?;
        let component = Component::from_binary(&engine, component)?;
        let mut linker = Linker::new(&engine);
        Floor::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        let pre = FloorPre::new(linker.instantiate_pre(&component)?)?;
        let parse = |text| {
            serde_json::from_str(text)
                .map(Arc::new)
                .map_err(wasmtime::Error::new)
        };
        Ok(Bare {
            engine,
            pre,
            arguments: parse(arguments)?,
            settings: parse(settings)?,
        })
    }

    /// One check. True where the plugin allows.
    pub(crate) fn evaluate(&self, subject: &Subject) -> Result<bool> {
        let state = State {
            limits: StoreLimitsBuilder::new().memory_size(MEMORY).build(),
            arguments: Arc::clone(&self.arguments),
            settings: Arc::clone(&self.settings),
        };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limits);
        store.set_epoch_deadline(DEADLINE);
        store.set_hostcall_fuel(LIFTED);
        let instance = self.pre.instantiate(&mut store)?;
        let answer = instance
            .wardlet_plugin_policy()
            .call_evaluate(&mut store, subject)?;
        Ok(answer.is_ok_and(|verdict| matches!(verdict.decision, Decision::Allow)))
    }
}
