//! The floors: what each part of a call costs without Wardlet. wasmtime alone, with the same component
//! on the same engine, a fresh store and instance for each check, and host functions that read a
//! `serde_json::Value`; ring alone; one write(2).

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use serde_json::Value as Parsed;
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wasmtime::{Engine, Result, Store, StoreLimits, StoreLimitsBuilder};

wasmtime::component::bindgen!({
    path: "../wit",
    inline: "
        package wardlet:floor;
        world floor {
            import wardlet:plugin/document@0.1.0;
            import wardlet:plugin/scan@0.1.0;
            export wardlet:plugin/policy@0.1.0;
        }",
});

mod redactor {
    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "
            package wardlet:floor;
            world floor-redactor {
                import wardlet:plugin/document@0.1.0;
                import wardlet:plugin/scan@0.1.0;
                export wardlet:plugin/redactor@0.1.0;
            }",
        with: {
            "wardlet:plugin/types@0.1.0": super::wardlet::plugin::types,
            "wardlet:plugin/document@0.1.0": super::wardlet::plugin::document,
            "wardlet:plugin/scan@0.1.0": super::wardlet::plugin::scan,
        },
    });
}

use self::wardlet::plugin::document::{Batch, Failure, Host as DocumentHost, Leaf, Value};
use self::wardlet::plugin::scan::{
    Batch as Matches, Excerpt, Failure as NotFound, Host as ScanHost,
};
use self::wardlet::plugin::types::Host as TypesHost;
pub(crate) use self::wardlet::plugin::types::{Decision, Part, Phase, Subject};

/// Memory of a check, as `wardlet_sandbox::DEFAULT_MEMORY`.
const MEMORY: usize = 16 << 20;

/// Bytes that a host call may bring, as Wardlet has it.
const LIFTED: usize = 2 << 20;

/// Ticks of an epoch that nobody advances: the check of it in the code is what costs.
const DEADLINE: u64 = 1_000;

/// What a check reads.
struct Documents {
    payload: Parsed,
    settings: Parsed,
    leaves: Vec<Leaf>,
}

struct State {
    limits: StoreLimits,
    documents: Arc<Documents>,
}

impl State {
    fn part(&self, part: Part) -> &Parsed {
        match part {
            Part::Settings => &self.documents.settings,
            Part::Arguments | Part::Result | Part::Definition => &self.documents.payload,
        }
    }
}

impl TypesHost for State {}

type Answer<T> = std::result::Result<T, Failure>;

impl DocumentHost for State {
    fn get(&mut self, part: Part, pointer: String) -> Answer<Option<Value>> {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Ok(self.part(part).pointer(&pointer).map(|value| match value {
            Parsed::Null => Value::Null,
            Parsed::Bool(flag) => Value::Boolean(*flag),
            Parsed::Number(number) => Value::Number(number.to_string()),
            Parsed::String(text) => Value::Text(text.clone()),
            Parsed::Array(items) => Value::Items(count(items.len())),
            Parsed::Object(members) => Value::Members(count(members.len())),
        }))
    }

    fn names(&mut self, part: Part, pointer: String, skip: u32) -> Answer<Vec<String>> {
        let members = self
            .part(part)
            .pointer(&pointer)
            .and_then(Parsed::as_object);
        let names = members.into_iter().flat_map(|members| members.keys());
        Ok(names.skip(skip as usize).take(256).cloned().collect())
    }

    fn strings(&mut self, _: Part, _: String, _: u32) -> Answer<Batch> {
        Ok(Batch {
            leaves: self.documents.leaves.clone(),
            next: None,
        })
    }

    fn locate(&mut self, _: Part, _: u32) -> Answer<Option<String>> {
        Err(Failure::NotGranted)
    }

    fn text(&mut self, _: Part) -> Answer<Option<String>> {
        Err(Failure::NotGranted)
    }
}

/// Finds nothing and takes no time for it, so that all searching counts as Wardlet's.
impl ScanHost for State {
    fn run(
        &mut self,
        _: String,
        _: Part,
        _: String,
        _: u32,
    ) -> std::result::Result<Matches, NotFound> {
        Ok(Matches {
            matches: Vec::new(),
            next: None,
        })
    }

    fn read(&mut self, _: Part, _: u32, _: u32, _: u32) -> std::result::Result<Excerpt, NotFound> {
        Err(NotFound::NotGranted)
    }
}

/// The text leaves of a value, in its order.
fn leaves(value: &Parsed, found: &mut Vec<Leaf>) {
    let leaf = |found: &Vec<Leaf>, name, text: &str| Leaf {
        id: u32::try_from(found.len()).unwrap_or(u32::MAX),
        name,
        text: text.to_owned(),
    };
    match value {
        Parsed::String(text) => found.push(leaf(found, false, text)),
        Parsed::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Parsed::Object(members) => members.iter().for_each(|(name, member)| {
            found.push(leaf(found, true, name));
            leaves(member, found);
        }),
        Parsed::Null | Parsed::Bool(_) | Parsed::Number(_) => {}
    }
}

/// A component, ready to be instantiated.
pub(crate) struct Bare {
    engine: Engine,
    pre: InstancePre<State>,
    policy: Option<FloorIndices>,
    redactor: Option<redactor::FloorRedactorIndices>,
    documents: Arc<Documents>,
}

impl Bare {
    pub(crate) fn new(component: &[u8], payload: &str, settings: &str) -> Result<Self> {
        let engine = wardlet_sandbox::new_engine()?;
        let component = Component::from_binary(&engine, component)?;
        let mut linker = Linker::new(&engine);
        Floor::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
        let pre = linker.instantiate_pre(&component)?;
        let parse = |text| serde_json::from_str(text).map_err(wasmtime::Error::new);
        let (payload, settings) = (parse(payload)?, parse(settings)?);
        let mut found = Vec::new();
        leaves(&payload, &mut found);
        let documents = Arc::new(Documents {
            payload,
            settings,
            leaves: found,
        });
        let policy = FloorIndices::new(&pre).ok();
        let redactor = redactor::FloorRedactorIndices::new(&pre).ok();
        Ok(Bare {
            engine,
            pre,
            policy,
            redactor,
            documents,
        })
    }

    fn store(&self) -> Store<State> {
        let state = State {
            limits: StoreLimitsBuilder::new().memory_size(MEMORY).build(),
            documents: Arc::clone(&self.documents),
        };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limits);
        store.set_epoch_deadline(DEADLINE);
        store.set_hostcall_fuel(LIFTED);
        store
    }

    /// One check of a policy. True where the plugin allows.
    pub(crate) fn evaluate(&self, subject: &Subject) -> Result<bool> {
        let Some(indices) = &self.policy else {
            return Ok(false);
        };
        let mut store = self.store();
        let instance = self.pre.instantiate(&mut store)?;
        let policy = indices.load(&mut store, &instance)?;
        let answer = policy
            .wardlet_plugin_policy()
            .call_evaluate(&mut store, subject)?;
        Ok(answer.is_ok_and(|verdict| matches!(verdict.decision, Decision::Allow)))
    }

    /// So many sandboxes, each after one check, which live until they are dropped.
    #[allow(dead_code, reason = "only the bench of memory keeps sandboxes")]
    pub(crate) fn hold(&self, subject: &Subject, count: usize) -> Result<Vec<impl Sized + use<>>> {
        let Some(indices) = &self.policy else {
            return Ok(Vec::new());
        };
        let mut held = Vec::new();
        for _ in 0..count {
            let mut store = self.store();
            let instance = self.pre.instantiate(&mut store)?;
            let policy = indices.load(&mut store, &instance)?;
            let policy = policy.wardlet_plugin_policy();
            policy.call_evaluate(&mut store, subject)?.ok();
            held.push(store);
        }
        Ok(held)
    }

    /// One check of a redactor. True where it did not fail.
    #[allow(dead_code, reason = "the bench of one check has no redactor")]
    pub(crate) fn find(&self, subject: &Subject, part: Part) -> Result<bool> {
        let Some(indices) = &self.redactor else {
            return Ok(false);
        };
        let mut store = self.store();
        let instance = self.pre.instantiate(&mut store)?;
        let redactor = indices.load(&mut store, &instance)?;
        let answer = redactor
            .wardlet_plugin_redactor()
            .call_find(&mut store, subject, part)?;
        Ok(answer.is_ok())
    }
}

/// ring's keys, and a file to write to.
#[allow(dead_code, reason = "the bench of one check signs nothing")]
pub(crate) struct Seals {
    ed25519: Ed25519KeyPair,
    es256: EcdsaKeyPair,
    random: SystemRandom,
    file: File,
}

#[allow(dead_code, reason = "the bench of one check signs nothing")]
impl Seals {
    /// Keys that nobody keeps, and `file` to append to.
    pub(crate) fn new(file: File) -> std::result::Result<Self, Box<dyn std::error::Error>> {
        let random = SystemRandom::new();
        let bad = |_| "ring made no key";
        let ed25519 = Ed25519KeyPair::generate_pkcs8(&random).map_err(bad)?;
        let es256 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        let es256 = es256.map_err(bad)?;
        let ed25519 = Ed25519KeyPair::from_pkcs8(ed25519.as_ref());
        let es256 =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, es256.as_ref(), &random);
        let (ed25519, es256) = (
            ed25519.map_err(|_| "no Ed25519 key")?,
            es256.map_err(|_| "no P-256 key")?,
        );
        Ok(Seals {
            ed25519,
            es256,
            random,
            file,
        })
    }

    /// One Ed25519 signature.
    pub(crate) fn ed25519(&self, message: &[u8]) -> bool {
        !self.ed25519.sign(message).as_ref().is_empty()
            && !self.ed25519.public_key().as_ref().is_empty()
    }

    /// One ES256 signature.
    pub(crate) fn es256(&self, message: &[u8]) -> bool {
        self.es256.sign(&self.random, message).is_ok()
    }

    /// One write of an entry.
    pub(crate) fn write(&self, entry: &[u8]) -> bool {
        (&self.file).write_all(entry).is_ok()
    }
}
